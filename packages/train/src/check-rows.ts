import { createHash } from "node:crypto";
import { UNSCORED } from "@lathe/model";
import { breathe } from "./breathe.js";
import { RowsError, TrainConfigError } from "./errors.js";
import { countScored, type RowSource, type TrainingRow } from "./row-source.js";

/** Rows between two chances for the rest of the process, and for an interrupt. */
const ROWS_AT_ONCE = 1024;

/** How rows are checked. */
export interface CheckRowsOptions {
  /** Ids and labels must be below it. */
  readonly vocabularySize?: number | undefined;
  /** Ends the pass early. */
  readonly signal?: AbortSignal | undefined;
  /** Whether to compute a hash of the rows; one that the source brings is taken instead. */
  readonly hash?: boolean;
}

/**
 * Reads all rows once: each must have as many labels as ids, within the vocabulary, and at least one that is scored.
 *
 * @param key names the rows in messages
 * @returns the hash of row lengths, ids and labels ("" where none is asked for); null if the signal aborted
 * @throws TrainConfigError if there are no rows, RowsError naming the first row that is wrong
 */
export async function checkRows(
  rows: RowSource,
  key: "rows" | "validation",
  { vocabularySize, signal, hash: wantsHash = false }: CheckRowsOptions = {},
): Promise<string | null> {
  if (rows.length === 0 && key === "rows") throw new TrainConfigError("rows", "at least one row", "none");
  const hash = wantsHash && rows.fingerprint === undefined ? createHash("sha256") : null;
  for (let index = 0; index < rows.length; index++) {
    if (index % ROWS_AT_ONCE === 0) {
      await breathe();
      if (signal?.aborted) return null;
    }
    const row = rows.row(index);
    const fault = faultOf(row, vocabularySize);
    if (fault !== null) throw new RowsError(key, index, fault);
    if (!hash) continue;
    // The lengths too: else a token could move from a row to the next unnoticed.
    hash.update(bytesOf(Int32Array.of(row.inputIds.length)));
    hash.update(bytesOf(row.inputIds)).update(bytesOf(row.labels));
  }
  if (!wantsHash) return "";
  return rows.fingerprint ?? hash!.digest("hex");
}

function bytesOf({ buffer, byteOffset, byteLength }: Int32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function faultOf(row: TrainingRow, vocabularySize = Number.POSITIVE_INFINITY): string | null {
  const { inputIds, labels } = row;
  if (labels.length !== inputIds.length) {
    return `expected ${inputIds.length} labels, one a token, got ${labels.length}`;
  }
  const outside = Number.isFinite(vocabularySize)
    ? `is outside the vocabulary of ${vocabularySize}`
    : "is no token id";
  const isOutside = (id: number): boolean => id < 0 || id >= vocabularySize;
  const id = inputIds.findIndex(isOutside);
  if (id >= 0) return `token id ${inputIds[id]} at position ${id} ${outside}`;
  const label = labels.findIndex((value) => value !== UNSCORED && isOutside(value));
  if (label >= 0) return `label ${labels[label]} at position ${label} ${outside}`;
  return countScored(row) === 0 ? "expected at least one scored label after the first token, got none" : null;
}
