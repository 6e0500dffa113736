import type { DataRecord, ReadOptions } from "./data-record.js";
import { readLines } from "./read-lines.js";
import { parseJson } from "./safe-json.js";

/**
 * Streams the records of a JSONL file in constant memory. Blank lines are passed over; a line that is not valid
 * JSON or not valid UTF-8 arrives as a record with `error`, and reading goes on.
 *
 * @throws InputFileError when the file cannot be opened
 */
export async function* readJsonl(
  file: string,
  options: ReadOptions = {},
): AsyncGenerator<DataRecord, void, undefined> {
  for await (const lines of readLines(file, options)) {
    for (const { line, text, error } of lines) {
      if (error !== undefined) {
        yield { file, line, error, text };
        continue;
      }
      if (text.trim() === "") continue;
      const parsed = parseJson(text);
      yield "error" in parsed
        ? { file, line, error: parsed.error, text }
        : { file, line, value: parsed.value };
    }
  }
}
