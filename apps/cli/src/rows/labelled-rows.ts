import {
  readRows,
  type Row,
  RowError,
  type RowPlace,
  tokenizeRow,
  UNSCORED,
  UnscoredRowError,
} from "@lathe/data";
import type { VerbContext } from "../define-verb.js";
import type { ModelFolder } from "../model/open-model.js";

/** A row with its tokens, and where it came from. */
export interface LabelledRow extends RowPlace {
  readonly row: Row;
  readonly inputIds: Int32Array;
  readonly labels: Int32Array;
}

/** Stands for a row without a token: it has nothing to score either. */
const NOTHING = { inputIds: Int32Array.of(0), labels: Int32Array.of(UNSCORED) };

/** @throws RowError for an id or label that has no row in the model's embedding */
export function checkVocabulary(
  { inputIds, labels }: { readonly inputIds: Int32Array; readonly labels: Int32Array },
  vocabularySize: number,
  place?: RowPlace,
): void {
  const expected = `expected token ids below ${vocabularySize}, the model's vocabulary`;
  const id = inputIds.find((value) => value >= vocabularySize);
  if (id !== undefined) throw new RowError("input_ids", `${expected}, got ${id}`, place);
  const label = labels.find((value) => value >= vocabularySize);
  if (label !== undefined) throw new RowError("labels", `${expected}, got ${label}`, place);
}

function tokensOf(row: Row, { tokenizer, config }: ModelFolder): Pick<LabelledRow, "inputIds" | "labels"> {
  // Taken as they are: a row without labels has no loss, and is no fault.
  if (row.kind === "tokens") {
    if (row.inputIds.length === 0) return NOTHING;
    const tokens = { inputIds: Int32Array.from(row.inputIds), labels: Int32Array.from(row.labels) };
    checkVocabulary(tokens, config.vocabularySize);
    return tokens;
  }
  try {
    return tokenizeRow(row, tokenizer);
  } catch (error) {
    if (error instanceof UnscoredRowError) return NOTHING;
    throw error;
  }
}

/**
 * Reads and tokenises all rows of a file; the first that cannot be used ends it, as results are given row by row.
 * @param limit rows at most
 * @throws RowError with file and line
 */
export async function readLabelledRows(
  file: string,
  folder: ModelFolder,
  limit = Number.POSITIVE_INFINITY,
): Promise<LabelledRow[]> {
  const rows: LabelledRow[] = [];
  for await (const { row, ...place } of readRows(file)) {
    if (rows.length >= limit) break;
    try {
      rows.push({ ...place, row, ...tokensOf(row, folder) });
    } catch (error) {
      if (error instanceof RowError && error.place === undefined) throw withPlace(error, place);
      throw error;
    }
  }
  return rows;
}

function withPlace(error: RowError, place: RowPlace): RowError {
  const prefix = error.key === null ? "" : `key "${error.key}": `;
  return new RowError(error.key, error.reason.slice(prefix.length), place, { cause: error });
}

/** Rows longer than the model is meant to read are scored all the same, which deserves a word. */
export function warnOfLongRows(
  rows: readonly LabelledRow[],
  { config }: ModelFolder,
  { messages, warn }: VerbContext,
): void {
  const long = rows.filter(({ inputIds }) => inputIds.length > config.maxPositions);
  if (long.length > 0) warn(`${long[0].file}: ${messages.rowsLong(long.length, config.maxPositions)}`);
}
