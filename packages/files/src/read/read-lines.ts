import { isUtf8 } from "node:buffer";
import { createReadStream } from "node:fs";
import { FileError } from "../errors/file-error.js";
import { type Phrase, phrase } from "../errors/phrase.js";
import { asFileError } from "../errors/system-fault.js";
import { firstBadByte } from "./decode-utf8.js";

/** A line of a text file without its line end. */
export interface Line {
  /** From 1. */
  readonly line: number;
  /** Decoded text; malformed bytes appear as U+FFFD, and of an over-long line only the beginning is here. */
  readonly text: string;
  /** Why the text is not what the file holds, if it is not. */
  readonly error?: Phrase;
}

/** Bounds and reports of {@link readLines}. */
export interface ReadLinesOptions {
  /** Longest line that is read, in bytes; what is longer is reported as a faulty line. @defaultValue {@link MAXIMUM_LINE_BYTES} */
  readonly maximumLineBytes?: number;
  /** Whether a byte order mark begins the text of any line but the first, and stays there. @defaultValue false: it was left by joining files */
  readonly keepsLaterMarks?: boolean;
  /** Hears of every chunk consumed. */
  readonly onBytes?: (bytes: number) => void;
}

/**
 * Bytes of the longest line that is read unless a caller says otherwise: 32 MiB holds a row of several million tokens.
 * Without a limit one file without line ends, such as a model file given by mistake, would be pulled into memory whole.
 */
export const MAXIMUM_LINE_BYTES = 32 * 1024 * 1024;

const EXCERPT_BYTES = 1000; // of an over-long line, enough to recognise it
const CHUNK_BYTES = 256 * 1024; // larger reads are no faster on a local disk
// Lines that are decoded ahead of who reads them would outlive collections of garbage, and stay until V8 collects everything.
const LINES_AT_ONCE = 128;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BYTE_ORDER_MARK = "\ufeff";

/**
 * Streams the lines of a UTF-8 file in memory bounded by the longest line. LF and CRLF end lines; a byte order mark
 * at the beginning of a line (of the file, or where files were joined) is dropped. Lines arrive in groups,
 * because an await per line would dominate the reading time.
 *
 * @throws FileError when the file cannot be opened or is UTF-16
 */
export async function* readLines(
  file: string,
  options: ReadLinesOptions = {},
): AsyncGenerator<Line[], void, undefined> {
  const stream = createReadStream(file, { highWaterMark: CHUNK_BYTES });
  try {
    yield* linesOf(withoutUtf16(file, stream), options);
  } catch (error) {
    throw asFileError(file, "read", error);
  }
}

async function* withoutUtf16(
  file: string,
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  let first = true;
  for await (const chunk of chunks) {
    if (first) refuseUtf16(file, chunk);
    first = false;
    yield chunk;
  }
}

/** The lines of UTF-8 text that comes in chunks of any size, as {@link readLines} gives those of a file. */
export async function* linesOf(
  chunks: AsyncIterable<Buffer>,
  options: ReadLinesOptions = {},
): AsyncGenerator<Line[], void, undefined> {
  const limit = options.maximumLineBytes ?? MAXIMUM_LINE_BYTES;
  let lineNumber = 1;
  let pending: Buffer[] = []; // pieces of a line that began in an earlier chunk
  let pendingBytes = 0;

  const take = (piece: Buffer): Line => {
    const bytes = pending.length === 0 ? piece : Buffer.concat([...pending, piece]);
    const total = pendingBytes + piece.length;
    pending = [];
    pendingBytes = 0;
    const dropsMark = lineNumber === 1 || !options.keepsLaterMarks;
    return decodeLine(bytes, total, lineNumber++, limit, dropsMark);
  };

  const soundLine = (chunk: Buffer, start: number, end: number): Line => {
    const isCrlf = end > start && chunk[end - 1] === CARRIAGE_RETURN;
    const text = chunk.toString("utf8", start, isCrlf ? end - 1 : end);
    return { line: lineNumber++, text: options.keepsLaterMarks ? text : withoutMark(text) };
  };

  for await (const chunk of chunks) {
    let lines: Line[] = [];
    let start = 0;
    const whole = chunk.subarray(chunk.indexOf(LINE_FEED) + 1, chunk.lastIndexOf(LINE_FEED) + 1);
    const isSound = isUtf8(whole);
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      // Lines that lie in the chunk whole are most of them: they are decoded where they lie.
      if (isSound && start > 0 && end - start <= limit) lines.push(soundLine(chunk, start, end));
      else lines.push(take(chunk.subarray(start, end)));
      start = end + 1;
      if (lines.length < LINES_AT_ONCE) continue;
      yield lines;
      lines = [];
    }
    const rest = chunk.subarray(start);
    // Beyond the limit only the count goes on: the line will be reported, not read.
    if (pendingBytes <= limit) pending.push(rest);
    pendingBytes += rest.length;
    options.onBytes?.(chunk.length);
    if (lines.length > 0) yield lines;
  }
  if (pendingBytes > 0) yield [take(Buffer.alloc(0))];
}

function decodeLine(bytes: Buffer, total: number, line: number, limit: number, dropsMark: boolean): Line {
  if (total > limit) {
    const text = bytes.toString("utf8", 0, EXCERPT_BYTES);
    return { line, text, error: phrase`the line has ${total} bytes, more than the limit of ${limit}` };
  }
  const end = bytes.at(-1) === CARRIAGE_RETURN ? bytes.length - 1 : bytes.length;
  const content = bytes.subarray(0, end);
  const decoded = content.toString("utf8");
  const text = dropsMark ? withoutMark(decoded) : decoded;
  if (isUtf8(content)) return { line, text };
  return {
    line,
    text,
    error: phrase`not valid UTF-8 (first bad byte at column ${firstBadByte(content) + 1})`,
  };
}

const withoutMark = (text: string): string => (text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text);

function refuseUtf16(file: string, head: Buffer): void {
  const isUtf16 = (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff);
  if (isUtf16) throw new FileError(file, "is UTF-16; save it as UTF-8");
}
