import {
  type EncodeRowOptions,
  parseRow,
  type Row,
  RowError,
  type RowPlace,
  TokenDataset,
  tokenizeRow,
  UNSCORED,
  UnscoredRowError,
} from "@lathe/data";
import type { ModelFolder } from "../model/model-folder.js";
import { checkVocabulary } from "./check-vocabulary.js";
import { isRowSource, isTokenFile, recordsOf, type RowsInput } from "./rows-input.js";
import { withPlace } from "./with-place.js";

/** A row with its tokens, and where it came from. */
export interface LabelledRow extends RowPlace {
  readonly row: Row;
  readonly inputIds: Int32Array;
  readonly labels: Int32Array;
}

/** Stands for a row without a token: it has nothing to score either. */
const NOTHING = { inputIds: Int32Array.of(0), labels: Int32Array.of(UNSCORED) };

/** All replies with their reasoning. */
const EVERYTHING: EncodeRowOptions = { lossOn: "all", reasoning: "keep" };

function tokensOf(
  row: Row,
  { tokenizer, config }: ModelFolder,
  learnt: EncodeRowOptions,
): Pick<LabelledRow, "inputIds" | "labels"> {
  // Taken as they are: a row without labels has no loss, and is no fault.
  if (row.kind === "tokens") {
    if (row.inputIds.length === 0) return NOTHING;
    const tokens = { inputIds: Int32Array.from(row.inputIds), labels: Int32Array.from(row.labels) };
    checkVocabulary(tokens, config.vocabularySize);
    return tokens;
  }
  try {
    return tokenizeRow(row, tokenizer, learnt);
  } catch (error) {
    if (error instanceof UnscoredRowError) return NOTHING;
    throw error;
  }
}

/** Rows of a source, parsed, with their places; the first that is none ends it. */
async function* rowsOf(
  input: RowsInput,
  field: string,
): AsyncGenerator<RowPlace & { readonly row: Row }, void, undefined> {
  if (isRowSource(input)) {
    for (let index = 0; index < input.length; index++) {
      const { inputIds, labels } = input.row(index);
      const row: Row = { kind: "tokens", inputIds: [...inputIds], labels: [...labels], fields: {} };
      yield { file: field, line: index + 1, row };
    }
    return;
  }
  if (isTokenFile(input)) {
    const dataset = await TokenDataset.open(input);
    yield* rowsOf({ length: dataset.length, row: (index) => dataset.row(index) }, input);
    return;
  }
  // Weights are pruned by what was learnt from, not by what measures them.
  const use = field === "calibration" ? "training" : "measuring";
  for await (const record of recordsOf(input, field, use)) {
    const place: RowPlace = { file: record.file, line: record.line };
    if ("error" in record) throw new RowError(null, record.error, place);
    yield { ...place, row: parseRow(record.value, place) };
  }
}

/** As {@link streamLabelledRows}, all at once. */
export async function readLabelledRows(
  input: RowsInput,
  field: string,
  folder: ModelFolder,
  learnt?: EncodeRowOptions,
  limit?: number,
): Promise<LabelledRow[]> {
  const rows: LabelledRow[] = [];
  for await (const row of streamLabelledRows(input, field, folder, learnt, limit)) rows.push(row);
  return rows;
}

/**
 * Reads and tokenises rows one after the other; the first that cannot be used ends it, as results are given row by row.
 * @param field the recipe's field that the rows came by
 * @param learnt what is scored of a row
 * @param limit rows at most
 * @throws RowError with file and line
 */
export async function* streamLabelledRows(
  input: RowsInput,
  field: string,
  folder: ModelFolder,
  learnt: EncodeRowOptions = EVERYTHING,
  limit = Number.POSITIVE_INFINITY,
): AsyncGenerator<LabelledRow, void, undefined> {
  let count = 0;
  for await (const { row, ...place } of rowsOf(input, field)) {
    if (count++ >= limit) break;
    let tokens;
    try {
      tokens = tokensOf(row, folder, learnt);
    } catch (error) {
      throw withPlace(error, place);
    }
    yield { ...place, row, ...tokens };
  }
}
