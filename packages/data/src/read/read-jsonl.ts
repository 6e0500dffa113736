import { asPhrase, type Line, linesOf, phrase } from "@lathe/files";
import type { DataRecord, ReadOptions } from "./data-record.js";
import { MAXIMUM_RECORD_BYTES } from "./data-record.js";
import { parseRecord } from "./parse-record.js";
import { openText, type OpenedText } from "./open-text.js";

/**
 * Streams the records of a JSONL file in constant memory. Blank lines are passed over; a line that is not valid
 * JSON or not valid text arrives as a record with `error`, and reading goes on.
 *
 * @throws FileError when the file cannot be opened
 */
export async function* readJsonl(
  file: string,
  options: ReadOptions = {},
): AsyncGenerator<DataRecord, void, undefined> {
  yield* jsonlRecords(file, await openText(file, options), options);
}

/** The records of JSONL text that is open already. */
export async function* jsonlRecords(
  file: string,
  text: OpenedText,
  options: ReadOptions,
): AsyncGenerator<DataRecord, void, undefined> {
  yield* lineRecords(file, text, options, parseRecord);
}

/** A record a line that is not blank. @param read makes what a line holds */
export async function* lineRecords(
  file: string,
  text: OpenedText,
  options: ReadOptions,
  read: typeof parseRecord,
): AsyncGenerator<DataRecord, void, undefined> {
  for await (const lines of textLines(text, options)) {
    for (const { line, text, error } of lines) {
      if (error !== undefined) yield { file, line, error, text };
      else if (text.trim() !== "") yield { file, line, ...read(text) };
    }
  }
}

/** Lines of text in any encoding, with faults named by it. */
export async function* textLines(
  { chunks, encoding }: OpenedText,
  { maximumLineBytes = MAXIMUM_RECORD_BYTES }: ReadOptions,
): AsyncGenerator<Line[], void, undefined> {
  for await (const lines of linesOf(chunks, { maximumLineBytes })) {
    yield encoding === "utf-8"
      ? lines
      : lines.map((line) =>
          line.error !== undefined && asPhrase(line.error).template.startsWith("not valid UTF-8")
            ? { ...line, error: phrase`not valid ${encoding.toUpperCase()}` }
            : line,
        );
  }
}
