import { stat } from "node:fs/promises";
import { importGguf, importMlx } from "@lathe/export";
import { phrase } from "@lathe/files";
import type { RewrittenDtype } from "@lathe/model";
import { field, RecipeError } from "../recipe-error.js";
import { progressOf, type RecipeHooks, warningOf } from "../recipe-event.js";

/** Names of the types that imported weights may have, and those of the files. */
const dtypes = { fp32: "F32", fp16: "F16", bf16: "BF16" } as const satisfies Record<string, RewrittenDtype>;

/** What {@link importModel} reads and writes. */
export interface ImportModelOptions extends RecipeHooks {
  /** A GGUF file, or the folder of an adapter of mlx-lm. */
  readonly input: string;
  /** Folder to make; must not exist. */
  readonly output: string;
  /** Folder of the base model, of which an adapter is. */
  readonly model?: string | undefined;
  /** Type of the weights of a model. @defaultValue "keep": float weights their own, quantised ones fp16 */
  readonly dtype?: "keep" | keyof typeof dtypes | undefined;
}

/** What {@link importModel} did. */
export interface ImportedModel {
  readonly output: string;
  readonly kind: "model" | "adapter";
  /** Tensors of a model, or linears with an update. */
  readonly tensors: number;
}

/**
 * Reads a GGUF file as a model folder, such as a base for training, or an adapter of mlx-lm as PEFT has it. The folder appears whole or
 * not at all.
 *
 * @throws RecipeError naming the field; ExportError when the file is malformed or of a kind that is not read
 * @throws the signal's reason when it aborts; nothing is left then
 */
export async function importModel(options: ImportModelOptions): Promise<ImportedModel> {
  const { input, output, model, dtype = "keep", signal, onEvent } = options;
  signal?.throwIfAborted();
  const isFolder = (await stat(input).catch(() => null))?.isDirectory() ?? false;
  if (isFolder) {
    if (model === undefined) {
      const sentence = phrase`${field("model")}: an adapter is read for its base model, and none is given`;
      throw new RecipeError([{ field: "model", sentence }]);
    }
    const { linears } = await importMlx({ adapter: input, model, output });
    return { output, kind: "adapter", tensors: linears };
  }
  const tellProgress = progressOf(onEvent, "importing");
  const { tensors } = await importGguf({
    file: input,
    output,
    dtype: dtype === "keep" ? undefined : dtypes[dtype],
    onWarning: warningOf(onEvent),
    onProgress(done, total) {
      signal?.throwIfAborted();
      tellProgress(done, total);
    },
  });
  return { output, kind: "model", tensors };
}
