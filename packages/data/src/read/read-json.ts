import { isUtf8 } from "node:buffer";
import { asPhrase, isRecord, type Phrase, phrase } from "@lathe/files";
import { type DataRecord, MAXIMUM_RECORD_BYTES, type ReadOptions } from "./data-record.js";
import type { OpenedText } from "./open-text.js";
import { parseRecord } from "./parse-record.js";
import { paragraphRows, squadRows } from "./squad-rows.js";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LINE_FEED = 0x0a;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const COMMA = 0x2c;
const EXCERPT_BYTES = 1000;
const BLANK = new Set([0x20, 0x09, 0x0d, LINE_FEED]);
const MARK = [0xef, 0xbb, 0xbf];

/**
 * Streams the records of JSON text that is not one a line: the members of a list, or values one after the other, over as many lines as
 * they take. An object that only wraps a list of rows, as `{"data": [...]}` and SQuAD's files do, gives these. Memory
 * holds one member at a time. `line` is where a member begins; of rows that an object wraps it is their number, from 1.
 *
 * A member that is not valid JSON arrives as a record with `error`, and reading goes on after it. Where brackets do not match
 * the rest of the file is one faulty record.
 */
export async function* jsonRecords(
  file: string,
  { chunks }: OpenedText,
  { maximumLineBytes = MAXIMUM_RECORD_BYTES }: ReadOptions,
): AsyncGenerator<DataRecord, void, undefined> {
  const scan = new MemberScan(maximumLineBytes);
  for await (const chunk of chunks) {
    for (const member of scan.take(chunk)) yield* recordsOfMember(file, member);
  }
  for (const member of scan.end()) yield* recordsOfMember(file, member);
}

function* recordsOfMember(
  file: string,
  { line, bytes, fault }: Member,
): Generator<DataRecord, void, undefined> {
  const text = bytes.toString("utf8");
  if (fault !== null) {
    yield { file, line, error: fault, text };
    return;
  }
  if (!isUtf8(bytes)) {
    yield { file, line, error: asPhrase("not valid UTF-8"), text };
    return;
  }
  const parsed = parseRecord(text);
  if ("error" in parsed) {
    yield { file, line, ...parsed };
    return;
  }
  const asked = paragraphRows(parsed.value);
  if (asked !== null) {
    for (const value of asked) yield { file, line, value };
    return;
  }
  const rows = squadRows(parsed.value) ?? wrappedRows(parsed.value);
  if (rows === null) yield { file, line, value: parsed.value };
  else for (const [index, value] of rows.entries()) yield { file, line: index + 1, value };
}

/** Names of lists that are part of a row, and wrap no rows. */
const LISTS_OF_ROWS = new Set([
  "messages",
  "conversations",
  "conversation",
  "history",
  "tools",
  "input_ids",
  "labels",
  "chosen",
  "rejected",
]);

/** The rows of an object whose only list is one of objects: `{"version": "1", "data": [{…}, …]}`. */
function wrappedRows(value: unknown): readonly unknown[] | null {
  if (!isRecord(value)) return null;
  const lists = Object.entries(value).filter(([, child]) => Array.isArray(child)) as [string, unknown[]][];
  if (lists.length !== 1) return null;
  const [name, rows] = lists[0];
  const wraps = !LISTS_OF_ROWS.has(name) && rows.length > 0 && rows.every(isRecord);
  // Rows of the data set server stand in objects of their own.
  return wraps ? rows.map((row) => (isRecord(row.row) && "row_idx" in row ? row.row : row)) : null;
}

/** The text of one member, and the line on which it begins. */
interface Member {
  readonly line: number;
  readonly bytes: Buffer;
  readonly fault: Phrase | null;
}

/** Cuts JSON text into the members of its outermost list, or its values. It looks at brackets and strings alone. */
class MemberScan {
  #line = 1;
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  /** Whether the outermost brackets are those of a list whose members count. */
  #isInList = false;
  #begun = -1; // line of the member at hand
  #pieces: Buffer[] = [];
  #size = 0;
  #markAt = 0; // bytes of a byte order mark that were passed over

  constructor(readonly limit: number) {}

  *take(chunk: Buffer): Generator<Member, void, undefined> {
    let start = this.#begun === -1 ? -1 : 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte === LINE_FEED) this.#line += 1;
      if (this.#begun === -1) {
        if (BLANK.has(byte) || this.#passesMark(byte)) continue;
        if (this.#depth === 0 && byte === OPEN_LIST && !this.#isInList) {
          this.#isInList = true;
          continue;
        }
        if (this.#isInList && byte === CLOSE_LIST) {
          this.#isInList = false;
          continue;
        }
        if (byte === COMMA) continue;
        this.#begun = this.#line;
        start = at;
      }
      if (this.#isInString) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (byte === BACKSLASH) this.#isEscaped = true;
        else if (byte === QUOTE) this.#isInString = false;
        continue;
      }
      if (byte === QUOTE) this.#isInString = true;
      else if (byte === OPEN_OBJECT || byte === OPEN_LIST) this.#depth += 1;
      else if (this.#depth > 0 && (byte === CLOSE_OBJECT || byte === CLOSE_LIST)) {
        this.#depth -= 1;
        if (this.#depth === 0) {
          yield this.#close(chunk.subarray(start, at + 1));
          start = -1;
        }
      } else if (this.#depth === 0 && (byte === COMMA || byte === LINE_FEED || byte === CLOSE_LIST)) {
        yield this.#close(chunk.subarray(start, at)); // a bare value, such as a number
        if (byte === CLOSE_LIST) this.#isInList = false;
        start = -1;
      }
    }
    if (start !== -1) this.#keep(chunk.subarray(start));
  }

  *end(): Generator<Member, void, undefined> {
    if (this.#begun === -1) {
      if (this.#isInList)
        yield {
          line: this.#line,
          bytes: Buffer.alloc(0),
          fault: asPhrase("the list is not closed: the file ends within it"),
        };
      return;
    }
    const isCut = this.#depth > 0 || this.#isInString;
    const member = this.#close(Buffer.alloc(0));
    if (!isCut) yield member;
    else
      yield {
        ...member,
        bytes: member.bytes.subarray(0, EXCERPT_BYTES),
        fault: asPhrase("the value begins here and is not closed: the file ends within it"),
      };
  }

  #passesMark(byte: number): boolean {
    if (MARK[this.#markAt] !== byte) return false;
    this.#markAt = (this.#markAt + 1) % MARK.length;
    return true;
  }

  #keep(piece: Buffer): void {
    // Beyond the limit only the count goes on: the member will be reported, not read.
    if (this.#size <= this.limit) this.#pieces.push(piece);
    this.#size += piece.length;
  }

  #close(piece: Buffer): Member {
    this.#keep(piece);
    const bytes = Buffer.concat(this.#pieces);
    const isTooLong = this.#size > this.limit;
    const member = {
      line: this.#begun,
      bytes: isTooLong ? bytes.subarray(0, EXCERPT_BYTES) : bytes,
      fault: isTooLong
        ? phrase`the value has ${this.#size} bytes, more than the limit of ${this.limit}`
        : null,
    };
    this.#begun = -1;
    this.#depth = 0;
    this.#isInString = false;
    this.#isEscaped = false;
    this.#pieces = [];
    this.#size = 0;
    return member;
  }
}
