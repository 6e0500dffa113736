import { type MergedWeights, type MergedDtype, mergeIntoWeights } from "@lathe/peft";
import { policyFiles, readPolicy } from "./model/learnt-policy.js";
import { type ModelInput, pathOf } from "./model/open-model.js";
import { progressOf, type RecipeHooks, warningOf } from "./recipe-event.js";

/** Names of the types that merged weights may have, and those of the files. */
const dtypes = { fp32: "F32", fp16: "F16", bf16: "BF16" } as const satisfies Record<string, MergedDtype>;

/** What {@link mergeAdapter} reads and writes. */
export interface MergeAdapterOptions extends RecipeHooks {
  /** Folder of the base model; of a model that is open, its folder is read. */
  readonly model: ModelInput;
  /** Folder of the adapter. */
  readonly adapter: string;
  /** Folder to make; must not exist. */
  readonly output: string;
  /** Type of the weights written. @defaultValue "keep", each tensor's own */
  readonly dtype?: "keep" | keyof typeof dtypes | undefined;
}

/** What {@link mergeAdapter} did. */
export interface MergedModel extends MergedWeights {
  readonly output: string;
}

/**
 * Writes a model folder that needs no adapter, tensor by tensor. It appears as a whole or not at all.
 *
 * @throws AdapterFileError, WeightsError, ModelConfigError
 * @throws the signal's reason when it aborts; nothing is left then
 */
export async function mergeAdapter(options: MergeAdapterOptions): Promise<MergedModel> {
  const { model, adapter, output, dtype = "keep", signal, onEvent } = options;
  signal?.throwIfAborted();
  const tellProgress = progressOf(onEvent, "merging");
  const merged = await mergeIntoWeights({
    model: pathOf(model),
    adapter,
    output,
    files: policyFiles(await readPolicy(adapter)),
    ...(dtype === "keep" ? {} : { dtype: dtypes[dtype] }),
    onWarning: warningOf(onEvent),
    onProgress(done, total) {
      signal?.throwIfAborted();
      tellProgress(done, total);
    },
  });
  return { output, ...merged };
}
