import { createReadStream } from "node:fs";
import { isUtf8 } from "node:buffer";
import { InputFileError } from "./input-file-error.js";
import { MAXIMUM_LINE_BYTES, type ReadOptions } from "./data-record.js";

/** A line of a text file without its line end. */
export interface Line {
  /** 1-based. */
  readonly line: number;
  /** Decoded text; malformed bytes appear as U+FFFD, and of an over-long line only the beginning is here. */
  readonly text: string;
  /** Why the text is not what the file holds, if it is not. */
  readonly error?: string;
}

const EXCERPT_BYTES = 1000; // of an over-long line, enough to recognise it
const CHUNK_BYTES = 256 * 1024; // larger reads are no faster on a local disk
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BYTE_ORDER_MARK = "\ufeff";

/**
 * Streams the lines of a UTF-8 file in memory bounded by the longest line. LF and CRLF end lines; a byte order mark
 * at the beginning of a line (of the file, or where files were joined) is dropped. Lines arrive in
 * groups, one group a chunk of the file, because an await per line would dominate the reading time.
 *
 * @throws InputFileError when the file cannot be opened or is UTF-16
 */
export async function* readLines(
  file: string,
  options: ReadOptions = {},
): AsyncGenerator<Line[], void, undefined> {
  const limit = options.maximumLineBytes ?? MAXIMUM_LINE_BYTES;
  const stream = createReadStream(file, { highWaterMark: CHUNK_BYTES });
  let lineNumber = 1;
  let first = true;
  let pending: Buffer[] = []; // pieces of a line that began in an earlier chunk
  let pendingBytes = 0;

  const take = (piece: Buffer): Line => {
    const bytes = pending.length === 0 ? piece : Buffer.concat([...pending, piece]);
    const total = pendingBytes + piece.length;
    pending = [];
    pendingBytes = 0;
    return decodeLine(bytes, total, lineNumber++, limit);
  };

  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (first) refuseUtf16(file, chunk);
      first = false;
      const lines: Line[] = [];
      let start = 0;
      for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
        lines.push(take(chunk.subarray(start, end)));
        start = end + 1;
      }
      const rest = chunk.subarray(start);
      // Beyond the limit only the count goes on: the line will be reported, not read.
      if (pendingBytes <= limit) pending.push(rest);
      pendingBytes += rest.length;
      options.onBytes?.(chunk.length);
      if (lines.length > 0) yield lines;
    }
  } catch (error) {
    throw asFileError(file, error);
  }
  if (pendingBytes > 0) yield [take(Buffer.alloc(0))];
}

function decodeLine(bytes: Buffer, total: number, line: number, limit: number): Line {
  if (total > limit) {
    const text = bytes.toString("utf8", 0, EXCERPT_BYTES);
    return { line, text, error: `the line has ${total} bytes, more than the limit of ${limit}` };
  }
  const end = bytes.at(-1) === CARRIAGE_RETURN ? bytes.length - 1 : bytes.length;
  const content = bytes.subarray(0, end);
  const decoded = content.toString("utf8");
  const text = decoded.startsWith(BYTE_ORDER_MARK) ? decoded.slice(1) : decoded;
  if (isUtf8(content)) return { line, text };
  return { line, text, error: `not valid UTF-8 (first bad byte at column ${firstBadByte(content) + 1})` };
}

/** Index of the first byte that does not belong to valid UTF-8, by bisection over valid prefixes. */
function firstBadByte(bytes: Buffer): number {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 4) {
    let middle = (good + bad) >> 1;
    // Step back to a character boundary, lest a prefix be called bad for a character cut in two.
    while (middle > good && (bytes[middle] & 0xc0) === 0x80) middle -= 1;
    if (middle === good) break;
    if (isUtf8(bytes.subarray(good, middle))) good = middle;
    else bad = middle;
  }
  for (let end = good; end < bad; end++) {
    const width = [1, 2, 3, 4].find((length) => isUtf8(bytes.subarray(end, end + length)));
    if (width === undefined) return end;
    end += width - 1;
  }
  return good;
}

function refuseUtf16(file: string, head: Buffer): void {
  const utf16 = (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff);
  if (utf16) throw new InputFileError(file, "is UTF-16; save it as UTF-8");
}

/** Turns a failure of the file system into one that names the file. */
export function asFileError(file: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (code === "ENOENT") return new InputFileError(file, "does not exist", { cause: error });
  if (code === "EISDIR") return new InputFileError(file, "is a folder; name a file", { cause: error });
  if (code === "EACCES" || code === "EPERM") {
    return new InputFileError(file, "may not be read: permission denied", { cause: error });
  }
  return error;
}
