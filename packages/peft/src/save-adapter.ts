import { type AdaptableModel, adapterConfig, DEFAULT_ADAPTER } from "./adapted-model.js";
import { writeAdapter } from "./adapter-folder.js";
import { adapterParameters } from "./trainable-parameters.js";

/** How {@link saveAdapter} writes. */
export interface SaveAdapterOptions {
  /** @defaultValue "default" */
  readonly name?: string;
  /** Name or folder of the base model, for `base_model_name_or_path`. */
  readonly baseModel?: string | null;
}

/**
 * Writes an adapter as PEFT does: `adapter_config.json` and `adapter_model.safetensors` with float32 matrices. The files
 * appear whole or not at all; equal adapters give equal files.
 * @throws AdapterStateError if the model has no such adapter
 */
export async function saveAdapter(
  model: AdaptableModel,
  folder: string,
  { name = DEFAULT_ADAPTER, baseModel = null }: SaveAdapterOptions = {},
): Promise<void> {
  const config = adapterConfig(model, name);
  const tensors = [];
  for (const { name: tensor, variable } of adapterParameters(model, name)) {
    tensors.push({ name: tensor, shape: variable.shape, data: (await variable.data()) as Float32Array });
  }
  await writeAdapter(folder, config, baseModel, tensors);
}
