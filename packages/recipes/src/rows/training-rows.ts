import { extname } from "node:path";
import {
  cutIds,
  OverlongRowError,
  parseRow,
  RejectedRowsError,
  RowError,
  type RowPlace,
  TokenDataset,
  TokenRowCollector,
  type TokenRowInput,
  type TokenizeOptions,
  tokenizeRows,
  UnscoredRowError,
} from "@lathe/data";
import { FileError, phrase, type Phrase, sayPhrase, statIfThere } from "@lathe/files";
import type { LabelledRow } from "@lathe/model";
import { countScored, type RowSource } from "@lathe/train";
import type { ModelFolder } from "../model/model-folder.js";
import { field as fieldOf, RecipeError } from "../recipe-error.js";
import { checkVocabulary } from "./check-vocabulary.js";
import { rowsBytes } from "./rows-bytes.js";
import { isRowSource, isTokenFile, recordsOf, type RowsInput } from "./rows-input.js";

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
  if (isTokenFile(input)) {
    const dataset = await openTokenFile(input, folder);
    refuseOtherPolicy(dataset, input, options);
    const place = await placesIn(dataset, input);
    const source = { length: dataset.length, row: (index: number) => dataset.row(index), place };
    return selectRows(source, input, folder, options);
  }
  if (!isRowSource(input)) return await rowsOfRecords(input, folder, options);
  refusePolicy(options.field, options);
  return selectRows(input, options.field, folder, options);
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
  const collector = new TokenRowCollector();
  const take = (row: TokenRowInput): void => collector.add(row);
  const { place, ...counts } = await collectRows(input, options, take, (value, at) => {
    const row = parseRow(value, at);
    if (row.kind !== "tokens" && tokenizer === null) throw tokenizerNeeded(options.field, row.kind, at);
    if (row.kind === "tokens") refusePolicy(`${at.file}:${at.line}`, options);
    const made = tokenizeRows(row, tokenizer, { maxTokens, overlong, lossOn, reasoning });
    for (const tokens of made) checkVocabulary(tokens, config.vocabularySize, at);
    return made;
  });
  const tokens = TokenDataset.fromRows(collector);
  const row = (index: number): LabelledRow => tokens.row(index);
  const lengths = tokens.lengths();
  return { ...counts, rows: { length: tokens.length, row, tokens: (index) => lengths[index], place } };
}

/** What became of the rows of a source, and where each of those comes from that are used. */
interface CollectedRows extends Omit<TrainingRows, "rows"> {
  readonly place: (index: number) => string;
}

/**
 * Makes tokens of the rows of a source, of some rows several, and sets aside those that cannot be used.
 * @param take takes the tokens, in order
 * @throws RejectedRowsError when too many cannot
 */
export async function collectRows<Row>(
  input: Exclude<RowsInput, RowSource<LabelledRow>>,
  { rejectLimit, field, overlong: policy, onProgress }: TrainingRowsOptions,
  take: (row: Row) => void,
  tokensOf: (value: unknown, place: RowPlace) => readonly (Row & { readonly truncated: boolean })[],
): Promise<CollectedRows> {
  const places = new RowPlaces();
  const rejected: RejectedRow[] = [];
  const shown: (RowPlace & { readonly reason: string | Phrase })[] = [];
  const reject = (row: unknown, reason: string | Phrase, place: RowPlace): void => {
    rejected.push({ row, reason: sayPhrase(reason), ...place });
    if (shown.length < SHOWN_REJECTIONS) shown.push({ ...place, reason });
  };
  let [read, kept, unscored, truncated, overlong] = [0, 0, 0, 0, 0];
  const use = field === "validation" ? "validation" : "training";
  const totalBytes = typeof input === "string" ? await rowsBytes(input, use) : 0;
  let bytes = 0;
  const onBytes = (count: number): void => {
    bytes += count;
    onProgress?.(bytes, totalBytes, { read, kept });
  };
  for await (const record of recordsOf(input, field, use, { onBytes })) {
    const place: RowPlace = { file: record.file, line: record.line };
    read++;
    if ("error" in record) {
      reject(record.text, record.error, place);
      continue;
    }
    try {
      const made = tokensOf(record.value, place);
      for (const tokens of made) {
        take(tokens);
        places.add(place);
      }
      kept += made.length;
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
  const place = (index: number): string => places.of(index);
  return { place, read, rejected, unscored, truncated, overlong };
}

/** Where rows come from: four bytes a row, and the files that they are in. */
class RowPlaces {
  #lines = new Int32Array(1024);
  #length = 0;
  readonly #files: { readonly first: number; readonly file: string }[] = [];

  add({ file, line }: RowPlace): void {
    if (this.#files.at(-1)?.file !== file) this.#files.push({ first: this.#length, file });
    if (this.#length === this.#lines.length) {
      const grown = new Int32Array(2 * this.#length);
      grown.set(this.#lines);
      this.#lines = grown;
    }
    this.#lines[this.#length++] = line;
  }

  of(index: number): string {
    const { file } = this.#files.findLast(({ first }) => first <= index)!;
    return `${file}:${this.#lines[index]}`;
  }
}

/** No row of a file can be used, and for a reason that is not the row's: it is not set aside. */
function tokenizerNeeded(field: string, kind: string, { file, line }: RowPlace): RecipeError {
  const sentence = phrase`${file}:${line}: a ${kind} row needs a tokenizer, and the model has none; give rows of {"input_ids","labels"}`;
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

/** What is learnt of dialogues unless something else is asked for. */
const USUAL = { lossOn: "all", reasoning: "keep" } as const;

/** Labels of token ids say already what is learnt. @param where the rows are */
function refusePolicy(where: string, options: LearntOptions): void {
  for (const key of ["lossOn", "reasoning"] as const) {
    const asked = options[key] ?? USUAL[key];
    if (asked === USUAL[key]) continue;
    const sentence = phrase`${where} holds token ids, whose labels say what is learnt, and ${fieldOf(key)} ${asked} decides it for dialogues: give rows of text, or leave it out`;
    throw new RecipeError([{ field: key, sentence }]);
  }
}

/** What was decided when the tokens were made cannot be decided otherwise now. */
function refuseOtherPolicy({ metadata }: TokenDataset, file: string, options: LearntOptions): void {
  if (metadata?.lossOn === undefined) refusePolicy(file, options);
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
  // Of very many rows, of which the ids stay where they are, only these numbers are held.
  const usable = new Int32Array(source.length);
  const lengths = new Int32Array(source.length);
  let [used, truncated, overlong] = [0, 0, 0];
  for (let index = 0; index < source.length; index++) {
    const row = source.row(index);
    const place = { file, line: index + 1 };
    checkVocabulary(row, config.vocabularySize, place);
    const isLong = row.inputIds.length > maxTokens;
    if (isLong && cutting === "error") throw new OverlongRowError(row.inputIds.length, maxTokens, place);
    if (isLong && cutting === "drop") overlong++;
    else if (row.weight !== 0 && countScored(cut(row)) > 0) {
      usable[used] = index;
      lengths[used++] = Math.min(row.inputIds.length, maxTokens);
      if (isLong) truncated++;
    }
  }
  const place = (index: number): string => source.place?.(usable[index]) ?? `${file}:${usable[index] + 1}`;
  return {
    rows: {
      length: used,
      row: (index) => cut(source.row(usable[index])),
      tokens: (index) => lengths[index],
      place,
    },
    read: source.length,
    rejected: [],
    unscored: source.length - used - overlong,
    truncated,
    overlong,
  };
}
