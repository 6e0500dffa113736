import { extname } from "node:path";
import { readRecords, type RowPlace } from "@lathe/data";
import type { Phrase } from "@lathe/files";
import type { LabelledRow } from "@lathe/model";
import type { RowSource } from "@lathe/train";
import { rowFiles, type RowsUse } from "./row-files.js";

/**
 * Where rows come from: a file of any format, a folder of them, a pattern, a prepared `.arrow`, rows in any shape that such a file
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

/** Whether rows are a file of token ids, such as prepare writes. */
export function isTokenFile(input: unknown): input is string {
  return typeof input === "string" && extname(input).toLowerCase() === ".arrow";
}

/** How {@link recordsOf} reads. */
export interface RecordsOfOptions {
  /** Hears of the bytes that are read of files. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/**
 * The records of files, or of rows in memory.
 * @param field names rows in memory in messages, where a file has its path
 */
export async function* recordsOf(
  input: string | Iterable<unknown> | AsyncIterable<unknown>,
  field: string,
  use: RowsUse,
  { onBytes }: RecordsOfOptions = {},
): AsyncGenerator<InputRecord, void, undefined> {
  if (typeof input === "string") {
    for (const file of await rowFiles(input, use)) yield* readRecords(file, onBytes ? { onBytes } : {});
    return;
  }
  let line = 0;
  for await (const value of input) yield { file: field, line: ++line, value };
}
