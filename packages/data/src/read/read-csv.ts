import { parse } from "csv-parse/sync";
import { FileError, type Line, MAXIMUM_LINE_BYTES, readLines, phrase, asPhrase } from "@lathe/files";
import type { DataRecord, ReadOptions } from "./data-record.js";

/** How a CSV file is read. */
export interface ReadCsvOptions extends ReadOptions {
  /** The character between fields. @defaultValue "," */
  readonly delimiter?: string;
}

const BATCH = 500; // records handed to the parser at once: a call per record costs more than the parsing

/** Physical lines that make one record. */
interface Frame {
  readonly lines: readonly Line[];
  readonly text: string;
}

/**
 * Streams the records of a CSV file (RFC 4180, with a header) as objects of strings.
 *
 * Records are framed here, by physical lines whose quotes balance, and each is then parsed by csv-parse. That
 * way a stray quote costs one line: the line is reported and reading resumes at the next, where a parser fed
 * with the stream would swallow the file up to the following quote.
 *
 * @throws FileError when the file cannot be opened or its header is unusable
 */
export async function* readCsv(
  file: string,
  options: ReadCsvOptions = {},
): AsyncGenerator<DataRecord, void, undefined> {
  const delimiter = options.delimiter ?? ",";
  let header: readonly string[] | undefined;
  let batch: Frame[] = [];
  for await (const frame of frames(file, delimiter, options)) {
    if (header === undefined) {
      header = readHeader(file, frame, delimiter);
      continue;
    }
    batch.push(frame);
    if (batch.length === BATCH) {
      yield* parseBatch(file, batch, header, delimiter);
      batch = [];
    }
  }
  if (header !== undefined) yield* parseBatch(file, batch, header, delimiter);
}

async function* frames(
  file: string,
  delimiter: string,
  options: ReadOptions,
): AsyncGenerator<Frame, void, undefined> {
  const limit = options.maximumLineBytes ?? MAXIMUM_LINE_BYTES;
  let open: Line[] = []; // a record whose closing quote is still to come
  let openCharacters = 0;
  /** Gives up on the first line of the open record and frames the rest anew. */
  function* resume(): Generator<Frame, void, undefined> {
    const [first, ...rest] = open;
    open = [];
    openCharacters = 0;
    yield malformed(first, "a quote is opened and never closed");
    for (const line of rest) yield* add(line);
  }
  function* add(line: Line): Generator<Frame, void, undefined> {
    if (open.length === 0 && line.text.trim() === "" && line.error === undefined) return;
    open.push(line);
    openCharacters += line.text.length + 1;
    const quotes = open.length === 1 ? 0 : 1; // an open record holds an odd number of quotes
    if ((quotes + countQuotes(line.text)) % 2 === 0) {
      const frame = { lines: open, text: open.map(({ text }) => text).join("\n") };
      open = [];
      openCharacters = 0;
      // A record over several lines that does not parse is a stray quote that met another one.
      if (frame.lines.length > 1 && parseRecords(frame.text, delimiter) === undefined) {
        open = [...frame.lines];
        yield* resume();
      } else yield frame;
    } else if (openCharacters > limit) yield* resume();
  }
  for await (const lines of readLines(file, options)) for (const line of lines) yield* add(line);
  while (open.length > 0) yield* resume();
}

function malformed(line: Line, reason: string): Frame {
  return { lines: [{ ...line, error: line.error ?? asPhrase(reason) }], text: line.text };
}

function countQuotes(text: string): number {
  let count = 0;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) count += 1;
  return count;
}

/** Fields of each record in `text`, or undefined when the text is not valid CSV. */
function parseRecords(text: string, delimiter: string): string[][] | undefined {
  try {
    return parse(text, { delimiter, record_delimiter: "\n", relax_column_count: true });
  } catch {
    return undefined;
  }
}

function readHeader(file: string, frame: Frame, delimiter: string): readonly string[] {
  const problem = frame.lines.find(({ error }) => error !== undefined)?.error;
  const names =
    problem === undefined ? parseRecords(frame.text, delimiter)?.[0]?.map((name) => name.trim()) : undefined;
  if (names === undefined)
    throw new FileError(
      file,
      phrase`has a header that cannot be read: ${asPhrase(problem ?? "stray quote")}`,
    );
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new FileError(file, phrase`has a header that names column "${twice}" twice`);
  const refused = names.find((name) => name === "" || name === "__proto__");
  if (refused !== undefined) throw new FileError(file, phrase`has a header with a column named "${refused}"`);
  return names;
}

function* parseBatch(
  file: string,
  batch: readonly Frame[],
  header: readonly string[],
  delimiter: string,
): Generator<DataRecord, void, undefined> {
  const sound = batch.filter(({ lines }) => lines.every(({ error }) => error === undefined));
  const parsed = parseRecords(sound.map(({ text }) => text).join("\n"), delimiter);
  const together = parsed?.length === sound.length ? parsed : undefined;
  let index = 0;
  for (const { lines, text } of batch) {
    const { line } = lines[0];
    const faulty = lines.find(({ error }) => error !== undefined);
    if (faulty?.error !== undefined) {
      yield { file, line: faulty.line, error: faulty.error, text };
      continue;
    }
    const fields = together?.[index++] ?? parseRecords(text, delimiter)?.[0];
    if (fields === undefined) {
      yield {
        file,
        line,
        error: "not valid CSV: a quote stands inside an unquoted field or after a closing quote",
        text,
      };
    } else if (fields.length !== header.length) {
      yield {
        file,
        line,
        error: phrase`expected ${header.length} columns as in the header, got ${fields.length}`,
        text,
      };
    } else {
      yield { file, line, value: Object.fromEntries(header.map((name, column) => [name, fields[column]])) };
    }
  }
}
