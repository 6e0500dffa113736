import { type AdaptableModel, DEFAULT_ADAPTER } from "./adapted-model.js";
import { readAdapter } from "./adapter-folder.js";
import { install, placesOf, requireFree } from "./attach.js";
import { type LoraConfig, resolveLoraConfig } from "./lora-config.js";

/** How {@link loadAdapter} reads. */
export interface LoadAdapterOptions {
  /** @defaultValue "default" */
  readonly name?: string;
  /** Dropout for further training, in place of the stored one. */
  readonly dropout?: number;
  /** Parts of the adapter's config that have no effect in this model. */
  readonly onWarning?: (message: string) => void;
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
  const { matrices, targets, ...stored } = await readAdapter(folder, placesOf(model), onWarning);
  const config = dropout === undefined ? stored.config : resolveLoraConfig({ ...stored.config, dropout });
  requireFree(model, name);
  install(model, name, { config, targets }, ({ path }) => matrices.get(path)!);
  return config;
}
