import { isUtf8 } from "node:buffer";
import { peek } from "./peek.js";

/** How the characters of a text file are written. */
export type TextEncoding = "utf-8" | "utf-16le" | "utf-16be" | "gb18030";

const SNIFFED_BYTES = 1024 * 1024;
const LINE_FEED = 0x0a;
const LEAST_NULLS = 2; // of a text in UTF-16 that no mark tells: a line feed and one other
const MOST_NULLS = 0.3; // share of bytes: every other byte of Latin text in UTF-16 is one

/**
 * Text of any of the encodings in UTF-8. The encoding is told by a byte order mark or else by what the first megabyte can
 * be read as. Bytes that are no character of UTF-16 or GB18030 become the byte FF, which is none of UTF-8, so that
 * the line they are in is reported by whoever reads the lines.
 */
export async function decodeText(
  bytes: AsyncIterable<Buffer>,
): Promise<{ chunks: AsyncIterable<Buffer>; encoding: TextEncoding }> {
  const { head, isAll, chunks } = await peek(bytes, SNIFFED_BYTES);
  const encoding = encodingOf(head, isAll);
  return { chunks: encoding === "utf-8" ? chunks : transcode(chunks, encoding), encoding };
}

function encodingOf(head: Buffer, isAll: boolean): TextEncoding {
  if (head[0] === 0xff && head[1] === 0xfe) return "utf-16le";
  if (head[0] === 0xfe && head[1] === 0xff) return "utf-16be";
  const sample = head.subarray(0, Math.min(4096, head.length) & ~1);
  const nulls = [0, 0];
  for (const [index, byte] of sample.entries()) if (byte === 0) nulls[index % 2] += 1;
  if (sample.length > 0 && Math.max(...nulls) / sample.length > MOST_NULLS) {
    return nulls[1] > nulls[0] ? "utf-16le" : "utf-16be";
  }
  if (isUtf8(head)) return "utf-8";
  // Chinese in UTF-16 has few null bytes, but all of them in one half of its units.
  if (Math.min(...nulls) === 0 && Math.max(...nulls) >= LEAST_NULLS) {
    const encoding = nulls[1] > 0 ? "utf-16le" : "utf-16be";
    if (!new TextDecoder(encoding).decode(sample, { stream: true }).includes("\ufffd")) return encoding;
  }
  // A few bad lines do not make a file of UTF-8 one of GB18030: what most lines beyond ASCII can be read as decides.
  let utf8 = 0;
  let gb18030 = 0;
  for (const line of linesOf(head, isAll)) {
    if (line.every((byte) => byte < 0x80)) continue;
    if (isUtf8(line)) utf8 += 1;
    else if (isGb18030(line)) gb18030 += 1;
  }
  return gb18030 > utf8 ? "gb18030" : "utf-8";
}

const GB_COMMON = 0.6; // least share of the bytes beyond ASCII in common characters
const UTF8_BAD = 0.3; // most faults a character of three bytes in damaged UTF-8

/** Whether a line that is no UTF-8 reads as Chinese in GB18030: mostly in common characters and punctuation, and three at least. */
function isGb18030(line: Buffer): boolean {
  if (new TextDecoder("gb18030").decode(line).includes("\ufffd")) return false;
  let beyondAscii = 0;
  let common = 0;
  for (let at = 0; at < line.length; at++) {
    if (line[at] < 0x80) continue;
    beyondAscii += 2;
    // Symbols are in rows A1 to A9 and the most frequent characters in rows B0 to D7 of GB 2312.
    const isCommon = (line[at] >= 0xa1 && line[at] <= 0xa9) || (line[at] >= 0xb0 && line[at] <= 0xd7);
    if (isCommon && line[at + 1] >= 0xa1) common += 2;
    at += 1;
  }
  const faults = line.toString("utf8").split("\ufffd").length - 1;
  return common >= 6 && common >= GB_COMMON * beyondAscii && faults > (UTF8_BAD * beyondAscii) / 3;
}

/** Lines of a buffer; the last one only where nothing was cut off of it. */
function* linesOf(head: Buffer, isAll: boolean): Generator<Buffer, void, undefined> {
  let start = 0;
  for (let end = head.indexOf(LINE_FEED); end !== -1; end = head.indexOf(LINE_FEED, start)) {
    yield head.subarray(start, end);
    start = end + 1;
  }
  // A single line longer than the head is cut within a character at worst, which no encoding minds but the strict ones.
  if (start < head.length && (isAll || start === 0)) yield head.subarray(start, isAll ? undefined : -4);
}

async function* transcode(
  chunks: AsyncIterable<Buffer>,
  encoding: TextEncoding,
): AsyncGenerator<Buffer, void, undefined> {
  const decoder = new TextDecoder(encoding);
  for await (const chunk of chunks) yield asUtf8(decoder.decode(chunk, { stream: true }));
  yield asUtf8(decoder.decode());
}

const BAD = Buffer.from([0xff]);

function asUtf8(text: string): Buffer {
  if (!text.includes("\ufffd")) return Buffer.from(text, "utf8");
  return Buffer.concat(
    text
      .split("\ufffd")
      .flatMap((part, index) => (index === 0 ? [Buffer.from(part)] : [BAD, Buffer.from(part)])),
  );
}
