import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import {
  columnsOf,
  expandInputs,
  type NamedFile,
  prepare,
  type PrepareInput,
  type PrepareOptions,
  type PrepareProgress,
  type PrepareResult,
} from "@lathe/data";
import type { LabelledRow } from "@lathe/model";
import type { RowSource } from "@lathe/train";
import { type FetchedInputs, fetchInputs } from "./data/fetch-inputs.js";
import { type PersonalDataFiles, readPersonalDataFiles } from "./data/personal-data-files.js";
import { withField } from "./fields-of-packages.js";
import { folderOf, type ModelInput, pathOf } from "./model/open-model.js";
import type { OnRecipeEvent, RecipeHooks } from "./recipe-event.js";
import { tellColumns } from "./rows/tell-columns.js";
import { isRowSource, type RowsInput } from "./rows/rows-input.js";

type DataOptions = Omit<
  PrepareOptions,
  "inputs" | "tokenizer" | "tokenizerHashes" | "tokenizerSource" | "onProgress" | "signal"
>;

/** What {@link prepareRows} does with which rows; `split`, `cleaning` and the like are those of `@lathe/data`. */
export interface PrepareRowsOptions extends DataOptions, RecipeHooks {
  /**
   * Files to read, one after the other (.jsonl, .csv, .tsv, .parquet), at paths, `https://` or `s3://`, or rows in any shape that such a file may have: in
   * memory, made one after the other, or as token ids by number.
   */
  readonly data: readonly string[] | RowsInput;
  /** Model whose tokenizer also makes `.arrow` files of tokens. */
  readonly model?: ModelInput | undefined;
  /** Files of public data and of the key, in place of `cleaning.personalData`'s own. */
  readonly personalDataFiles?: PersonalDataFiles | undefined;
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
  const { data, model, personalDataFiles = {}, cleaning = {}, onEvent, signal, ...rest } = options;
  const tokenizer = model === undefined ? null : (await folderOf(model, onEvent)).tokenizer;
  let fetched: FetchedInputs | undefined;
  try {
    const { output, resume = false, overwrite = false } = options;
    fetched = await fetchInputs(inputsOf(data), { output, resume, overwrite, onEvent, signal });
    const { inputs } = fetched;
    await tellColumns(await sourcesOf(inputs), true, onEvent, columnsOf(options.map ?? {}));
    const result = await prepare({
      ...rest,
      cleaning: {
        ...cleaning,
        personalData: {
          ...cleaning.personalData,
          ...(await readPersonalDataFiles(personalDataFiles, options.output)),
        },
      },
      inputs,
      ...(tokenizer
        ? {
            tokenizer,
            tokenizerHashes: { tokenizerHash: tokenizer.hash, templateHash: tokenizer.templateHash },
            tokenizerSource: {
              module: pathToFileURL(createRequire(import.meta.url).resolve("@lathe/model/tokenizer")).href,
              load: "loadTokenizer",
              argument: pathOf(model!),
            },
          }
        : {}),
      ...(signal ? { signal } : {}),
      onProgress: (progress) => tellProgress(progress, onEvent),
    });
    return { ...result, output: options.output };
  } catch (error) {
    throw withField(error);
  } finally {
    // What an interrupted run may need again stays, as its other work does.
    if (signal?.aborted !== true) await fetched?.remove();
  }
}

/** The files among inputs, of folders and patterns too. */
async function sourcesOf(inputs: readonly PrepareInput[]): Promise<NamedFile[]> {
  const files: NamedFile[] = [];
  for (const input of inputs) {
    if (typeof input === "string")
      files.push(...(await expandInputs([input])).map((file) => ({ name: file, file })));
    else if ("file" in input) files.push(input);
  }
  return files;
}

function inputsOf(data: PrepareRowsOptions["data"]): PrepareInput[] {
  if (typeof data === "string") return [data];
  // No row is a text, so a list of texts names files.
  if (Array.isArray(data) && data.every((entry) => typeof entry === "string")) return data;
  return [{ name: "data", rows: isRowSource(data) ? rowsByNumber(data) : data }];
}

/** The rows of a source one after the other, as often as they are asked for. */
function rowsByNumber(source: RowSource<LabelledRow>): Iterable<object> {
  return {
    *[Symbol.iterator]() {
      for (let index = 0; index < source.length; index++) {
        const { inputIds, labels, weight = 1 } = source.row(index);
        yield { input_ids: [...inputIds], labels: [...labels], ...(weight === 1 ? {} : { weight }) };
      }
    },
  };
}

function tellProgress(at: PrepareProgress, onEvent: OnRecipeEvent | undefined): void {
  if (at.phase === "write") {
    onEvent?.({ type: "progress", phase: "writing", done: at.written, total: at.kept });
    return;
  }
  const { bytes: done, totalBytes: total, read, kept } = at;
  onEvent?.({ type: "progress", phase: "reading", done, total, rows: { read, kept } });
}
