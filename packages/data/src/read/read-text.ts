import type { DataRecord, ReadOptions } from "./data-record.js";
import type { OpenedText } from "./open-text.js";
import { textLines } from "./read-jsonl.js";

/** The lines of plain text as rows `{"text"}`; blank ones are passed over. */
export async function* textRecords(
  file: string,
  text: OpenedText,
  options: ReadOptions,
): AsyncGenerator<DataRecord, void, undefined> {
  for await (const lines of textLines(text, options)) {
    for (const { line, text, error } of lines) {
      if (error !== undefined) yield { file, line, error, text };
      else if (text.trim() !== "") yield { file, line, value: { text } };
    }
  }
}
