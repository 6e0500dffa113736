import { isUtf8 } from "node:buffer";
import type { EncodingEvidence } from "./encoding-evidence.js";
import { FREQUENT_CHARACTERS } from "./frequent-characters.js";
import { windows1252Evidence } from "./windows-1252.js";

/** How the characters of a text file are written, by the names that `TextDecoder` knows. */
export type TextEncoding =
  "utf-8" | "utf-16le" | "utf-16be" | "gb18030" | "big5" | "shift_jis" | "euc-jp" | "euc-kr" | "windows-1252";

const LINE_FEED = 0x0a;
const LEAST_NULLS = 2; // of a text in UTF-16 that no mark tells: a line feed and one other
const MOST_NULLS = 0.3; // share of bytes: every other byte of Latin text in UTF-16 is one
const WEIGHED_BYTES = 64 * 1024; // of lines that are no UTF-8
/** Least share of the characters that must speak for an encoding, and how many times that of any other. */
const LEAST_SHARE = 0.3;
const LEAST_LEAD = 2;

const chineseInGb18030 = frequent("gb18030", FREQUENT_CHARACTERS.chinese);
const CANDIDATES: readonly (readonly [TextEncoding, (lines: Buffer) => EncodingEvidence])[] = [
  ["gb18030", chineseInGb18030],
  ["big5", frequent("big5", FREQUENT_CHARACTERS.chinese)],
  ["shift_jis", frequent("shift_jis", FREQUENT_CHARACTERS.japanese)],
  ["euc-jp", frequent("euc-jp", FREQUENT_CHARACTERS.japanese)],
  ["euc-kr", frequent("euc-kr", FREQUENT_CHARACTERS.korean)],
  ["windows-1252", windows1252Evidence],
];

/**
 * The encoding of a text by how it begins: by a byte order mark, by where null bytes stand, by its being UTF-8, or by the
 * encoding in which what is no UTF-8 reads as language. In the wrong one Chinese becomes rare characters, so that a third of frequent
 * ones, twice as many as by any other encoding, tells it also for a few words. Where none is told, the text is taken
 * for UTF-8 with faults, and whoever reads its lines reports these.
 *
 * @param isAll whether the text ends with its head
 */
export function encodingOf(head: Buffer, isAll: boolean): TextEncoding {
  if (head[0] === 0xff && head[1] === 0xfe) return "utf-16le";
  if (head[0] === 0xfe && head[1] === 0xff) return "utf-16be";
  const sample = head.subarray(0, Math.min(4096, head.length) & ~1);
  const nulls = [0, 0];
  for (const [index, byte] of sample.entries()) if (byte === 0) nulls[index % 2] += 1;
  if (sample.length > 0 && Math.max(...nulls) / sample.length > MOST_NULLS) {
    return nulls[1] > nulls[0] ? "utf-16le" : "utf-16be";
  }
  if (isUtf8(head)) return isChanceUtf8(head) ? "gb18030" : "utf-8";
  // Chinese in UTF-16 has few null bytes, and 一 has one in the other half of its unit.
  if (Math.max(...nulls) >= LEAST_NULLS) {
    const encoding = nulls[1] > nulls[0] ? "utf-16le" : "utf-16be";
    if (isPlainText(new TextDecoder(encoding).decode(sample, { stream: true }))) return encoding;
  }
  return encodingOfLines(head, isAll);
}

/** Whether a text is what one is mostly written in: ASCII, and Chinese characters that are frequent. */
function isPlainText(text: string): boolean {
  const characters = Array.from(text);
  const plain = characters.filter(
    (character) => /[\t\n\r -~]/.test(character) || FREQUENT_CHARACTERS.chinese.has(character),
  );
  return !text.includes("\ufffd") && plain.length > characters.length / 2;
}

const CHANCE_BYTES = 16; // of eight Chinese characters; more of them are hardly ever UTF-8 by chance
/** Letters and signs of two bytes in UTF-8 that texts of today are written in. */
const OF_TODAY =
  /^[\p{ASCII}\u00a0-\u017f\u0384-\u03ce\u0400-\u045f\u0490\u0491\u05d0-\u05ea\u060c-\u0652\u0660-\u06d4]*$/u;

/** Whether a few Chinese characters in GB18030 happen to be valid in UTF-8 too, where they would be letters of no language of today: 营业时 is Ӫҵʱ. */
function isChanceUtf8(head: Buffer): boolean {
  const beyond = head.filter((byte) => byte >= 0x80);
  if (beyond.length < 4 || beyond.length > CHANCE_BYTES || OF_TODAY.test(head.toString("utf8"))) return false;
  const { characters, telling } = chineseInGb18030(head);
  return characters * 2 === beyond.length && telling * 2 >= characters;
}

/** A few bad lines do not make a file of UTF-8 one of another encoding: what most lines beyond ASCII can be read as decides. */
function encodingOfLines(head: Buffer, isAll: boolean): TextEncoding {
  let utf8 = 0;
  let others = 0;
  const weighed: Buffer[] = [];
  let bytes = 0;
  for (const line of linesOf(head, isAll)) {
    if (line.every((byte) => byte < 0x80)) continue;
    if (isUtf8(line)) {
      utf8 += 1;
      continue;
    }
    others += 1;
    if (bytes < WEIGHED_BYTES) weighed.push(line.subarray(0, WEIGHED_BYTES));
    bytes += line.length;
  }
  if (others <= utf8) return "utf-8";
  const text = Buffer.concat(weighed.flatMap((line) => [line, Buffer.of(LINE_FEED)]));
  const shares = CANDIDATES.map(([encoding, evidenceOf]) => {
    const { characters, telling } = evidenceOf(text);
    // One frequent character beside another is chance.
    const isTold = telling > 1 || (telling === 1 && characters === 1);
    return { encoding, share: isTold ? telling / characters : 0 };
  }).sort((one, other) => other.share - one.share);
  const [best, next] = shares;
  return best.share >= LEAST_SHARE && best.share >= LEAST_LEAD * next.share ? best.encoding : "utf-8";
}

/** Reads lines in an encoding and counts the characters of a language that are frequent in it. */
function frequent(
  encoding: TextEncoding,
  characters: ReadonlySet<string>,
): (lines: Buffer) => EncodingEvidence {
  return (lines) => {
    const read = new TextDecoder(encoding).decode(lines).match(/[^\0-\x7f]/gu) ?? [];
    return {
      characters: read.length,
      telling: read.filter((character) => characters.has(character)).length,
    };
  };
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
