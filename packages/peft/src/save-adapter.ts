import type { AdaptableModel } from "./adaptable-model.js";
import { adaptedPlaces, adapterConfig, DEFAULT_ADAPTER } from "./adapted-model.js";
import { writeAdapter } from "./adapter-folder.js";
import { doubledA, doubledB, doubledConfig } from "./doubled-adapter.js";
import { parameterName } from "./stored-names.js";
import { adapterParameters } from "./trainable-parameters.js";

/** How {@link saveAdapter} writes. */
export interface SaveAdapterOptions {
  /** @defaultValue "default" */
  readonly name?: string;
  /** Name or folder of the base model, for `base_model_name_or_path`. */
  readonly baseModel?: string | null;
  /** Texts of further files of the folder by their names, which PEFT passes over. @defaultValue none */
  readonly files?: ReadonlyMap<string, string>;
}

/**
 * Writes an adapter as PEFT does: `adapter_config.json` and `adapter_model.safetensors` with float32 matrices. The files
 * appear whole or not at all; equal adapters give equal files. An adapter whose initial matrices stay subtracted (PiSSA) is stored as
 * a plain one of twice the rank, for the base as it is.
 * @throws AdapterStateError if the model has no such adapter
 */
export async function saveAdapter(
  model: AdaptableModel,
  folder: string,
  { name = DEFAULT_ADAPTER, baseModel = null, files }: SaveAdapterOptions = {},
): Promise<void> {
  const config = adapterConfig(model, name);
  const tensors = [];
  const origins = originsOf(model, name);
  for (const { name: tensor, variable } of adapterParameters(model, name)) {
    const data = (await variable.data()) as Float32Array;
    const origin = origins.get(tensor);
    tensors.push(origin ? await origin(data) : { name: tensor, shape: variable.shape, data });
  }
  await writeAdapter(folder, origins.size > 0 ? doubledConfig(config) : config, baseModel, tensors, files);
}

/** A matrix as it is stored. */
interface StoredMatrix {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** What joins matrices with the initial ones that stay subtracted, by the names of the matrices. */
function originsOf(
  model: AdaptableModel,
  name: string,
): Map<string, (data: Float32Array) => Promise<StoredMatrix>> {
  const joins = new Map<string, (data: Float32Array) => Promise<StoredMatrix>>();
  for (const { path, adapted } of adaptedPlaces(model)) {
    const matrices = adapted.adapters.get(name);
    if (!matrices?.origin) continue;
    const { origin, rank } = matrices;
    const [outFeatures, inFeatures] = adapted.shape;
    const [nameA, nameB] = [parameterName(path, "a"), parameterName(path, "b")];
    joins.set(nameA, async (data) => ({
      name: nameA,
      shape: [2 * rank, inFeatures],
      data: doubledA(data, (await origin.a.data()) as Float32Array),
    }));
    joins.set(nameB, async (data) => ({
      name: nameB,
      shape: [outFeatures, 2 * rank],
      data: doubledB(data, (await origin.b.data()) as Float32Array, rank),
    }));
  }
  return joins;
}
