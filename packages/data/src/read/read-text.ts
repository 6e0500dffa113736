import type { DataRecord, ReadOptions } from "./data-record.js";
import type { OpenedText } from "./open-text.js";
import { lineRecords } from "./read-jsonl.js";

/** The lines of plain text as rows `{"text"}`; blank ones are passed over. */
export async function* textRecords(
  file: string,
  text: OpenedText,
  options: ReadOptions,
): AsyncGenerator<DataRecord, void, undefined> {
  yield* lineRecords(file, text, options, (line) => ({ value: { text: line } }));
}
