import { type OnWarning, phrase } from "@lathe/files";
import * as tf from "@tensorflow/tfjs-core";
import type { AdaptableModel } from "./adaptable-model.js";
import { adaptedPlaces, adapterConfig, adapterNames, DEFAULT_ADAPTER } from "./adapted-model.js";
import { readAdapter } from "./adapter-folder.js";
import { detach, install, requireFree } from "./attach.js";
import { halvesOfB } from "./doubled-adapter.js";
import { AdapterFileError } from "./errors.js";
import { type LoraConfig, resolveLoraConfig } from "./lora-config.js";
import { parameterName } from "./stored-names.js";
import { adapterParameters } from "./trainable-parameters.js";

/** How {@link loadAdapter} reads. */
export interface LoadAdapterOptions {
  /** @defaultValue "default" */
  readonly name?: string;
  /** Dropout for further training, in place of the stored one. */
  readonly dropout?: number;
  /** Parts of the adapter's config that have no effect in this model. */
  readonly onWarning?: OnWarning;
}

/**
 * Puts a stored adapter on a model and makes it the only active one. It is trainable like a fresh one.
 *
 * @param folder as PEFT or {@link saveAdapter} writes it; float32, float16 and bfloat16 are read
 * @returns the adapter's config
 * @throws AdapterFileError when the folder is incomplete or malformed, needs options that Lathe does not have, or is of
 * another model; the model is as before then
 * @throws AdapterStateError if the name is taken or the model is merged
 */
export async function loadAdapter(
  model: AdaptableModel,
  folder: string,
  { name = DEFAULT_ADAPTER, dropout, onWarning }: LoadAdapterOptions = {},
): Promise<LoraConfig> {
  requireFree(model, name);
  const read = await readStored(model, folder, dropout, onWarning);
  requireFree(model, name);
  return installStored(model, name, read);
}

type StoredAdapter = Awaited<ReturnType<typeof readAdapter>>;

async function readStored(
  model: AdaptableModel,
  folder: string,
  dropout: number | undefined,
  onWarning: LoadAdapterOptions["onWarning"],
): Promise<StoredAdapter> {
  const stored = await readAdapter(folder, model.config, onWarning);
  return dropout === undefined
    ? stored
    : { ...stored, config: resolveLoraConfig({ ...stored.config, dropout }) };
}

function installStored(
  model: AdaptableModel,
  name: string,
  { config, targets, matrices, whole }: StoredAdapter,
): LoraConfig {
  install(model, name, { config, targets }, { matrices: ({ path }) => matrices.get(path)!, whole });
  return config;
}

/**
 * Puts a stored adapter on a model in the place of all that it has, or takes these off: the base is not read again. The exchange
 * is made at once when the files are read, between two tokens of a text that is being generated, which goes on under the new
 * adapter as if it had been there from the start.
 *
 * @param folder as {@link loadAdapter} reads it; null for the base alone
 * @returns the adapter's config; null for none
 * @throws AdapterFileError as {@link loadAdapter}; the model is as before then
 * @throws AdapterStateError if the model is merged
 */
export async function swapAdapter(
  model: AdaptableModel,
  folder: string | null,
  { name = DEFAULT_ADAPTER, dropout, onWarning }: LoadAdapterOptions = {},
): Promise<LoraConfig | null> {
  const read = folder === null ? null : await readStored(model, folder, dropout, onWarning);
  for (const before of adapterNames(model)) detach(model, before);
  return read && installStored(model, name, read);
}

/**
 * Gives an adapter that a model has the values of a stored one of the same config: its variables stay, so that an optimiser goes on.
 * @throws AdapterFileError when the folder is incomplete or malformed, or of another adapter
 * @throws AdapterStateError if the model has no such adapter
 */
export async function restoreAdapter(
  model: AdaptableModel,
  folder: string,
  name: string = DEFAULT_ADAPTER,
): Promise<void> {
  adapterConfig(model, name);
  const { matrices, whole } = await readAdapter(folder, model.config);
  const stored = new Map(whole);
  const origins = new Map(
    adaptedPlaces(model).flatMap(({ path, adapted }) => {
      const { origin, rank } = adapted.adapters.get(name) ?? {};
      return origin ? [[path, { origin, rank: rank! }] as const] : [];
    }),
  );
  for (const [path, { a, b, magnitude }] of matrices) {
    const joined = origins.get(path);
    if (joined && a.length === 2 * joined.origin.a.size) {
      const { origin, rank } = joined;
      const [ofB, originB] = halvesOfB(b, rank);
      stored.set(parameterName(path, "a"), a.subarray(0, origin.a.size)).set(parameterName(path, "b"), ofB);
      assign(origin.a, a.subarray(origin.a.size));
      assign(origin.b, originB);
    } else {
      stored.set(parameterName(path, "a"), a).set(parameterName(path, "b"), b);
    }
    if (magnitude) stored.set(parameterName(path, "magnitude"), magnitude);
  }
  for (const { name: tensor, variable } of adapterParameters(model, name)) {
    const values = stored.get(tensor);
    if (values?.length !== variable.size) {
      const actual = values ? phrase`${values.length} numbers` : "no such tensor";
      throw new AdapterFileError({
        path: folder,
        tensor,
        expected: phrase`${variable.size} numbers`,
        actual,
      });
    }
    assign(variable, values);
  }
}

function assign(variable: tf.Variable, values: Float32Array): void {
  tf.tidy(() => variable.assign(tf.tensor(values.slice(), variable.shape)));
}
