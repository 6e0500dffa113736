import { asPhrase, FileError, type Line, phrase } from "@lathe/files";
import { type DataRecord, MAXIMUM_RECORD_BYTES, type ReadOptions } from "./data-record.js";
import { openText, type OpenedText } from "./open-text.js";
import { textLines } from "./read-jsonl.js";

/** How a CSV file is read. */
export interface ReadCsvOptions extends ReadOptions {
  /** The character between fields. @defaultValue the one of comma, semicolon, tab and bar that the header has most of */
  readonly delimiter?: string;
}

const DELIMITERS = [",", ";", "\t", "|"];
/** Characters after which a quote that is still open is taken for a stray one: what it swallowed is read again. */
const MOST_OPEN_CHARACTERS = 4 * 1024 * 1024;

/**
 * Streams the records of a CSV file (with a header) as objects of strings. Quotes are read as Python's `csv` reads them: one
 * opens a field only where the field begins, any other is a character.
 *
 * A record that goes over several lines and then has other columns than the header, or text after a closing quote, began with a
 * stray quote: its first line is reported, and reading goes on at the second.
 *
 * @throws FileError when the file cannot be opened or its header is unusable
 */
export async function* readCsv(
  file: string,
  options: ReadCsvOptions = {},
): AsyncGenerator<DataRecord, void, undefined> {
  yield* csvRecords(file, await openText(file, options), options);
}

/** The records of CSV text that is open already. */
export async function* csvRecords(
  file: string,
  text: OpenedText,
  options: ReadCsvOptions,
): AsyncGenerator<DataRecord, void, undefined> {
  const reader = new CsvReader(file, options);
  for await (const lines of textLines(text, options)) for (const line of lines) yield* reader.take(line);
  yield* reader.end();
}

/** Makes records of lines. */
class CsvReader {
  #header: readonly string[] | null = null;
  #delimiter: string | undefined;
  readonly #limit: number;
  /** Lines of a record whose closing quote is still to come, and what was read of them. */
  #open: Line[] = [];
  #openCharacters = 0;
  #scan: RecordScan | null = null;

  constructor(
    readonly file: string,
    { delimiter, maximumLineBytes = MAXIMUM_RECORD_BYTES }: ReadCsvOptions,
  ) {
    this.#delimiter = delimiter;
    this.#limit = Math.min(maximumLineBytes, MOST_OPEN_CHARACTERS);
  }

  *take(line: Line): Generator<DataRecord, void, undefined> {
    if (line.error !== undefined) {
      if (this.#open.length > 0) yield* this.#resume();
      if (this.#header === null)
        throw new FileError(this.file, phrase`has a header that cannot be read: ${asPhrase(line.error)}`);
      yield { file: this.file, line: line.line, error: line.error, text: line.text };
      return;
    }
    if (this.#open.length === 0 && line.text.trim() === "") return;
    this.#delimiter ??= delimiterOf(line.text);
    this.#scan ??= new RecordScan(this.#delimiter);
    this.#open.push(line);
    this.#openCharacters += line.text.length + 1;
    if (this.#scan.take(line.text)) yield* this.#complete(this.#scan);
    else if (this.#openCharacters > this.#limit) yield* this.#resume();
  }

  *end(): Generator<DataRecord, void, undefined> {
    while (this.#open.length > 0) yield* this.#resume();
  }

  *#complete({ fields, isLoose }: RecordScan): Generator<DataRecord, void, undefined> {
    if (this.#header === null) {
      this.#header = checkHeader(this.file, fields);
      this.#clear();
      return;
    }
    const header = this.#header;
    if (this.#open.length > 1 && (isLoose || fields.length !== header.length)) yield* this.#resume();
    else if (fields.length === header.length) {
      const value = Object.fromEntries(header.map((name, column) => [name, fields[column]]));
      yield { file: this.file, line: this.#open[0].line, value };
      this.#clear();
    } else {
      const [{ line, text }] = this.#open;
      const error = phrase`expected ${header.length} columns as in the header, got ${fields.length}`;
      yield { file: this.file, line, error, text };
      this.#clear();
    }
  }

  /** Gives up on the first line of the open record and reads the others anew. */
  *#resume(): Generator<DataRecord, void, undefined> {
    const [{ line, text }, ...rest] = this.#open;
    this.#clear();
    if (this.#header === null)
      throw new FileError(this.file, phrase`has a header that cannot be read: ${asPhrase("stray quote")}`);
    yield { file: this.file, line, error: "a quote is opened and never closed", text };
    for (const other of rest) yield* this.take(other);
  }

  #clear(): void {
    this.#open = [];
    this.#openCharacters = 0;
    this.#scan = null;
  }
}

/** The fields of one record, line by line. */
export class RecordScan {
  readonly fields: string[] = [];
  /** Whether a closing quote is followed by more of its field. */
  isLoose = false;
  #field = "";
  #isQuoted = false;

  constructor(readonly delimiter: string) {}

  /** Takes the next line; returns whether the record ends with it. */
  take(line: string): boolean {
    let at = 0;
    let isStart = !this.#isQuoted;
    for (;;) {
      if (this.#isQuoted) {
        const quote = line.indexOf('"', at);
        if (quote === -1) {
          this.#field += `${line.slice(at)}\n`;
          return false;
        }
        this.#field += line.slice(at, quote);
        at = quote + 1;
        if (line[at] === '"') {
          this.#field += '"'; // two of them stand for one
          at += 1;
        } else {
          this.#isQuoted = false;
          this.isLoose ||= at < line.length && !line.startsWith(this.delimiter, at);
        }
      } else if (isStart && line[at] === '"') {
        this.#isQuoted = true;
        at += 1;
      } else {
        const end = line.indexOf(this.delimiter, at);
        this.#field += line.slice(at, end === -1 ? undefined : end);
        this.fields.push(this.#field);
        this.#field = "";
        if (end === -1) return true;
        at = end + this.delimiter.length;
        isStart = true;
        continue;
      }
      isStart = false;
    }
  }
}

/** The delimiter that a header has most of outside of quotes. */
export function delimiterOf(header: string): string {
  const bare = header.replaceAll(/"[^"]*"/g, "");
  const counts = DELIMITERS.map((delimiter) => bare.split(delimiter).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))];
}

function checkHeader(file: string, fields: readonly string[]): readonly string[] {
  // The first column of what pandas writes, its index, has no name.
  const names = fields.map((name, index) => (name.trim() === "" ? `column ${index + 1}` : name.trim()));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new FileError(file, phrase`has a header that names column "${twice}" twice`);
  const refused = names.find((name) => name === "__proto__");
  if (refused !== undefined) throw new FileError(file, phrase`has a header with a column named "${refused}"`);
  return names;
}
