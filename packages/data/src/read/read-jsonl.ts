import { JsonError, parseJson, type Phrase, phrase, readLines } from "@lathe/files";
import type { DataRecord, ReadOptions } from "./data-record.js";

/**
 * Streams the records of a JSONL file in constant memory. Blank lines are passed over; a line that is not valid
 * JSON or not valid UTF-8 arrives as a record with `error`, and reading goes on.
 *
 * @throws FileError when the file cannot be opened
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
      yield { file, line, ...parsedLine(text) };
    }
  }
}

function parsedLine(text: string): { value: unknown } | { error: Phrase; text: string } {
  try {
    return { value: parseJson(text) };
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    const { column, expectedPhrase: expected, actualPhrase: actual } = error;
    return { error: phrase`not valid JSON: expected ${expected} at column ${column}, got ${actual}`, text };
  }
}
