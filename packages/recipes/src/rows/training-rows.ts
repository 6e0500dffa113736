import { extname } from "node:path";
import {
  cutIds,
  OverlongRowError,
  parseRow,
  RejectedRowsError,
  RowError,
  type RowPlace,
  TokenDataset,
  type TokenizeOptions,
  tokenizeRows,
  UnscoredRowError,
} from "@lathe/data";
import { FileError, statIfThere, phrase, type Phrase, sayPhrase } from "@lathe/files";
import type { LabelledRow } from "@lathe/model";
import { countScored, type RowSource } from "@lathe/train";
import type { ModelFolder } from "../model/model-folder.js";
import { RecipeError, sentenceOf } from "../recipe-error.js";
import { checkVocabulary } from "./check-vocabulary.js";
import { isRowSource, recordsOf, type RowsInput } from "./rows-input.js";

/** A row that cannot be used, as `rejected.jsonl` lists it. */
export interface RejectedRow extends RowPlace {
  readonly row: unknown;
  readonly reason: string;
}

/** Rows to train on, and what became of the others. */
export interface TrainingRows<Row = LabelledRow> {
  readonly rows: RowSource<Row>;
  /** Rows of the file. */
  readonly read: number;
  readonly rejected: readonly RejectedRow[];
  /** Rows left out because no label is left to learn from. */
  readonly unscored: number;
  /** Rows of which something was cut off. */
  readonly truncated: number;
  /** Rows left out because they are longer than the limit and are not to be cut. */
  readonly overlong: number;
}

/** What is learnt of rows, and what becomes of those that are too long. */
export type LearntOptions = {
  readonly [Key in "overlong" | "lossOn" | "reasoning"]?: TokenizeOptions[Key] | undefined;
};

/** How training rows are read. */
export interface TrainingRowsOptions extends LearntOptions {
  /** The recipe's field that the rows came by. */
  readonly field: string;
  /** Longest row in tokens. */
  readonly maxTokens: number;
  /** Share of unusable rows, 0 to 1, beyond which nothing is trained. */
  readonly rejectLimit: number;
  /** Hears of the bytes read of a file of rows, now and then. */
  readonly onProgress?: (bytes: number, totalBytes: number, rows: { read: number; kept: number }) => void;
}

/** Rejected rows that the message shows when there are too many. */
const SHOWN_REJECTIONS = 5;

/**
 * Reads rows to train on: rows in any shape from a file or from memory, or token ids by number, such as a token file that
 * `prepare` wrote (`.arrow`), which stays on the disk. Malformed rows are set aside.
 *
 * @throws RejectedRowsError when too many are
 * @throws RowError when rows need a tokenizer and the model has none
 */
export async function readTrainingRows(
  input: RowsInput,
  folder: ModelFolder,
  options: TrainingRowsOptions,
): Promise<TrainingRows> {
  const result = await readInput(input, folder, options);
  if (result.rows.length === 0) {
    throw new FileError(
      sourceOf(input, options.field),
      phrase`leaves no row to train on: ${result.read} read, ${result.rejected.length} unusable, ${result.unscored} without a label within ${options.maxTokens} tokens`,
    );
  }
  return result;
}

async function readInput(
  input: RowsInput,
  folder: ModelFolder,
  options: TrainingRowsOptions,
): Promise<TrainingRows> {
  if (typeof input === "string" && extname(input).toLowerCase() === ".arrow") {
    const dataset = await openTokenFile(input, folder);
    refuseOtherPolicy(dataset, input, options);
    const place = await placesIn(dataset, input);
    const source = { length: dataset.length, row: (index: number) => dataset.row(index), place };
    return selectRows(source, input, folder, options);
  }
  return isRowSource(input)
    ? selectRows(input, options.field, folder, options)
    : await rowsOfRecords(input, folder, options);
}

/** What messages call rows: their file, or the field that they came by. */
export const sourceOf = (input: RowsInput, field: string): string =>
  typeof input === "string" ? input : field;

async function rowsOfRecords(
  input: Exclude<RowsInput, RowSource<LabelledRow>>,
  { tokenizer, config }: ModelFolder,
  options: TrainingRowsOptions,
): Promise<TrainingRows> {
  const { maxTokens, overlong = "cut-right", lossOn = "all", reasoning = "keep" } = options;
  const { rows, place, ...counts } = await collectRows(input, options, (value, at) => {
    const row = parseRow(value, at);
    if (row.kind !== "tokens" && tokenizer === null) throw tokenizerNeeded(options.field, row.kind, at);
    const made = tokenizeRows(row, tokenizer, { maxTokens, overlong, lossOn, reasoning });
    for (const tokens of made) checkVocabulary(tokens, config.vocabularySize, at);
    return made;
  });
  const tokens = TokenDataset.fromRows(rows);
  const row = (index: number): LabelledRow => tokens.row(index);
  const lengths = tokens.lengths();
  return { ...counts, rows: { length: tokens.length, row, tokens: (index) => lengths[index], place } };
}

/** Rows that were made of a source, and where each comes from. */
interface CollectedRows<Row> extends Omit<TrainingRows, "rows"> {
  readonly rows: Row[];
  readonly place: (index: number) => string;
}

/**
 * Makes tokens of the rows of a source, of some rows several, and sets aside those that cannot be used.
 * @throws RejectedRowsError when too many cannot
 */
export async function collectRows<Row extends { readonly truncated: boolean }>(
  input: Exclude<RowsInput, RowSource<LabelledRow>>,
  { rejectLimit, field, overlong: policy, onProgress }: TrainingRowsOptions,
  tokensOf: (value: unknown, place: RowPlace) => readonly Row[],
): Promise<CollectedRows<Row>> {
  const rows: Row[] = [];
  const lines: number[] = [];
  const rejected: RejectedRow[] = [];
  const shown: (RowPlace & { readonly reason: string | Phrase })[] = [];
  const reject = (row: unknown, reason: string | Phrase, place: RowPlace): void => {
    rejected.push({ row, reason: sayPhrase(reason), ...place });
    if (shown.length < SHOWN_REJECTIONS) shown.push({ ...place, reason });
  };
  let [read, unscored, truncated, overlong] = [0, 0, 0, 0];
  const totalBytes = typeof input === "string" ? ((await statIfThere(input))?.size ?? 0) : 0;
  let bytes = 0;
  const onBytes = (count: number): void => {
    bytes += count;
    onProgress?.(bytes, totalBytes, { read, kept: rows.length });
  };
  for await (const record of recordsOf(input, field, onBytes)) {
    const place: RowPlace = { file: record.file, line: record.line };
    read++;
    if ("error" in record) {
      reject(record.text, record.error, place);
      continue;
    }
    try {
      const made = tokensOf(record.value, place);
      for (const tokens of made) {
        rows.push(tokens);
        lines.push(place.line);
      }
      if (made.some((tokens) => tokens.truncated)) truncated++;
    } catch (error) {
      if (error instanceof UnscoredRowError) unscored++;
      else if (error instanceof OverlongRowError && policy !== "error") overlong++;
      else if (error instanceof OverlongRowError) {
        throw new OverlongRowError(error.tokens, error.maxTokens, place);
      } else if (error instanceof RowError) reject(record.value, error.reasonPhrase, place);
      else throw error;
    }
  }
  if (rejected.length > rejectLimit * read) {
    throw new RejectedRowsError(read, rejected.length, rejectLimit, shown);
  }
  const source = sourceOf(input, field);
  const place = (index: number): string => `${source}:${lines[index]}`;
  return { rows, place, read, rejected, unscored, truncated, overlong };
}

/** No row of a file can be used, and for a reason that is not the row's: it is not set aside. */
function tokenizerNeeded(field: string, kind: string, { file, line }: RowPlace): RecipeError {
  const sentence = sentenceOf`${file}:${line}: a ${kind} row needs a tokenizer, and the model has none; give rows of {"input_ids","labels"}`;
  return new RecipeError([{ field, sentence }]);
}

async function openTokenFile(file: string, { tokenizer }: ModelFolder): Promise<TokenDataset> {
  const dataset = await TokenDataset.open(file);
  const made = dataset.metadata?.tokenizerHash ?? null;
  if (made !== null && tokenizer !== null && made !== tokenizer.hash) {
    throw new FileError(
      file,
      "was tokenised with another tokenizer than the model's; prepare the data again",
    );
  }
  return dataset;
}

/** What was decided when the tokens were made cannot be decided otherwise now. */
function refuseOtherPolicy({ metadata }: TokenDataset, file: string, options: LearntOptions): void {
  for (const key of ["lossOn", "reasoning"] as const) {
    const [made, asked] = [metadata?.[key], options[key]];
    if (made === undefined || asked === undefined || made === asked) continue;
    throw new FileError(
      file,
      phrase`was prepared with ${key} ${made}, and ${asked} is asked for; prepare the data again, or leave it out`,
    );
  }
}

/** Where rows of a token file come from: lines of the file beside it that it was made from, or its own rows where there is none. */
async function placesIn(dataset: TokenDataset, file: string): Promise<(index: number) => string> {
  const texts = `${file.slice(0, -extname(file).length)}.jsonl`;
  const isThere = (await statIfThere(texts)) !== null;
  return (index) => (isThere ? `${texts}:${dataset.row(index).row + 1}` : `${file}:${index + 1}`);
}

/** The rows of token ids that have something to learn, none longer than the limit. */
function selectRows(
  source: RowSource<LabelledRow>,
  file: string,
  { config, tokenizer }: ModelFolder,
  { maxTokens, overlong: policy = "cut-right" }: TrainingRowsOptions,
): TrainingRows {
  // Ids have no turns to be split at.
  const cutting = policy === "split-turns" ? "cut-left" : policy;
  const begin = tokenizer?.beginOfSequenceId ?? null;
  const cut = (row: LabelledRow): LabelledRow => {
    if (row.inputIds.length <= maxTokens || cutting === "drop" || cutting === "error") return row;
    const { inputIds, labels } = cutIds(
      { inputIds: [...row.inputIds], labels: [...row.labels] },
      maxTokens,
      cutting,
      begin,
    );
    return { ...row, inputIds: Int32Array.from(inputIds), labels: Int32Array.from(labels) };
  };
  const usable: number[] = [];
  const lengths: number[] = [];
  let [truncated, overlong] = [0, 0];
  for (let index = 0; index < source.length; index++) {
    const row = source.row(index);
    const place = { file, line: index + 1 };
    checkVocabulary(row, config.vocabularySize, place);
    const isLong = row.inputIds.length > maxTokens;
    if (isLong && cutting === "error") throw new OverlongRowError(row.inputIds.length, maxTokens, place);
    if (isLong && cutting === "drop") overlong++;
    else if (row.weight !== 0 && countScored(cut(row)) > 0) {
      usable.push(index);
      lengths.push(Math.min(row.inputIds.length, maxTokens));
      if (isLong) truncated++;
    }
  }
  const place = (index: number): string => source.place?.(usable[index]) ?? `${file}:${usable[index] + 1}`;
  return {
    rows: {
      length: usable.length,
      row: (index) => cut(source.row(usable[index])),
      tokens: (index) => lengths[index],
      place,
    },
    read: source.length,
    rejected: [],
    unscored: source.length - usable.length - overlong,
    truncated,
    overlong,
  };
}
