import type { Phrase } from "@lathe/files";
import { readRecords, type RowPlace } from "@lathe/data";
import type { LabelledRow } from "@lathe/model";
import type { RowSource } from "@lathe/train";

/**
 * Where rows come from: a file (`.jsonl`, `.csv`, `.parquet`, or a prepared `.arrow`), rows in any shape that such a file
 * may have, or rows of token ids by number.
 */
export type RowsInput = string | Iterable<unknown> | AsyncIterable<unknown> | RowSource<LabelledRow>;

/** A record that was read, or the reason why it was not. */
export type InputRecord = RowPlace &
  ({ readonly value: unknown } | { readonly error: string | Phrase; readonly text: string });

/** Whether rows are token ids by number. */
export function isRowSource(input: RowsInput): input is RowSource<LabelledRow> {
  return typeof input === "object" && "length" in input && "row" in input && typeof input.row === "function";
}

/**
 * The records of a file, or of rows in memory.
 * @param field names rows in memory in messages, where a file has its path
 * @param onBytes hears of the bytes that are read of a file
 */
export async function* recordsOf(
  input: string | Iterable<unknown> | AsyncIterable<unknown>,
  field: string,
  onBytes?: (bytes: number) => void,
): AsyncGenerator<InputRecord, void, undefined> {
  if (typeof input === "string") {
    yield* readRecords(input, onBytes ? { onBytes } : {});
    return;
  }
  let line = 0;
  for await (const value of input) yield { file: field, line: ++line, value };
}
