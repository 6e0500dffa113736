import type { SeededRandom } from "./seeded-random.js";

/** What readers stumble over: brackets and quotes without end, numbers beyond doubles, broken characters, marks and magics. */
const TOKENS: readonly Buffer[] = [
  "[".repeat(3000),
  '{"a":'.repeat(3000),
  '"',
  '""',
  "\\",
  "\\u",
  "\\ud800",
  "\0",
  "\n",
  "\r\n",
  ",",
  ";\t|",
  "9".repeat(400),
  "1e999",
  "-0",
  "1.",
  "NaN",
  '{"__proto__":{"a":1}}',
  '{"data":[{"paragraphs":1}]}',
  '{"rows":[{"row":{"input":1},"row_idx":0}]}',
  "\ufeff",
  "PAR1",
  "ARROW1",
  "用户",
].map((text) => Buffer.from(text));
const BYTES: readonly Buffer[] = [
  "ff",
  "fe",
  "fffe",
  "feff",
  "c0af",
  "eda080",
  "80",
  "1f8b",
  "28b52ffd",
  "ffffffff",
].map((hex) => Buffer.from(hex, "hex"));
const LONGEST_RUN = 64;

/** Bytes with some of them changed, lost, doubled, cut off or mixed with those of another file. */
export function mutated(whole: Buffer, other: Buffer, random: SeededRandom): Buffer {
  let bytes: Buffer = Buffer.from(whole);
  const changes = random.integer(1, 6);
  for (let change = 0; change < changes && bytes.length > 0; change++) {
    const at = random.integer(0, bytes.length - 1);
    const end = Math.min(bytes.length, at + random.integer(1, LONGEST_RUN));
    const [before, run, after] = [bytes.subarray(0, at), bytes.subarray(at, end), bytes.subarray(end)];
    bytes = random.pick<() => Buffer>([
      () => Buffer.concat([before, Buffer.of(random.integer(0, 255)), bytes.subarray(at + 1)]),
      () =>
        Buffer.concat([before, Buffer.of(bytes[at] ^ (1 << random.integer(0, 7))), bytes.subarray(at + 1)]),
      () => Buffer.concat([before, after]),
      () => Buffer.concat([before, run, run, after]),
      () => Buffer.concat([before, random.pick([...TOKENS, ...BYTES]), bytes.subarray(at)]),
      () => Buffer.concat([before, Buffer.from(run.map(() => random.integer(0, 255))), after]),
      () => bytes.subarray(0, at),
      () => Buffer.concat([before, other.subarray(random.integer(0, other.length))]),
    ])();
  }
  return bytes;
}
