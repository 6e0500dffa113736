import { prepare, type PrepareOptions, type PrepareProgress, type PrepareResult } from "@lathe/data";
import { withField } from "./fields-of-packages.js";
import { folderOf, type ModelInput } from "./model/open-model.js";
import type { OnRecipeEvent, RecipeHooks } from "./recipe-event.js";

type DataOptions = Omit<PrepareOptions, "inputs" | "tokenizer" | "tokenizerHashes" | "onProgress" | "signal">;

/** What {@link prepareRows} does with which files; `split`, `cleaning` and the like are those of `@lathe/data`. */
export interface PrepareRowsOptions extends DataOptions, RecipeHooks {
  /** Files to read, one after the other: .jsonl, .csv, .tsv, .parquet. */
  readonly data: string | readonly string[];
  /** Model whose tokenizer also makes `.arrow` files of tokens. */
  readonly model?: ModelInput | undefined;
}

/** What {@link prepareRows} did. */
export interface PreparedRows extends PrepareResult {
  readonly output: string;
}

/**
 * Cleans, splits and, with a model, tokenises rows in one pass, and writes a prepared folder. It appears as a whole or not
 * at all.
 *
 * @throws OptionError or RecipeError naming the field; RejectedRowsError, FileError, OutputFolderError
 * @throws the signal's reason when it aborts; nothing is written then
 */
export async function prepareRows(options: PrepareRowsOptions): Promise<PreparedRows> {
  const { data, model, onEvent, signal, ...rest } = options;
  const tokenizer = model === undefined ? null : (await folderOf(model)).tokenizer;
  try {
    const result = await prepare({
      ...rest,
      inputs: typeof data === "string" ? [data] : data,
      ...(tokenizer
        ? {
            tokenizer,
            tokenizerHashes: { tokenizerHash: tokenizer.hash, templateHash: tokenizer.templateHash },
          }
        : {}),
      ...(signal ? { signal } : {}),
      onProgress: (progress) => tellProgress(progress, onEvent),
    });
    return { ...result, output: options.output };
  } catch (error) {
    throw withField(error);
  }
}

function tellProgress(at: PrepareProgress, onEvent: OnRecipeEvent | undefined): void {
  if (at.phase === "write") {
    onEvent?.({ type: "progress", phase: "writing", done: at.written, total: at.kept });
    return;
  }
  const { bytes: done, totalBytes: total, read, kept } = at;
  onEvent?.({ type: "progress", phase: "reading", done, total, rows: { read, kept } });
}
