/** What is held of a file while its records are read: the bytes that were taken in and not yet given out as records. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { SeededRandom } from "../../testing/seeded-random.js";
import { temporaryFolder } from "../../testing/temporary-folder.js";
import { prepare, readRecords, type Row } from "../index.js";

const RECORDS = 24_000;
const MOST_HELD = 2 ** 20; // some chunks of a quarter of a megabyte
const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_".split("");

/** Texts of one length that hardly pack, so that a share of the file is that share of its records. */
function texts(): string[] {
  const random = new SeededRandom(1);
  return Array.from({ length: RECORDS }, () =>
    Array.from({ length: 200 }, () => random.pick(LETTERS)).join(""),
  );
}

const lines = (): string =>
  texts()
    .map((text) => `${JSON.stringify({ text })}\n`)
    .join("");

const FORMS: readonly (readonly [name: string, make: () => string | Buffer])[] = [
  ["rows.jsonl", lines],
  ["rows.json", () => JSON.stringify(texts().map((text) => ({ text })))],
  [
    "pretty.json",
    () =>
      texts()
        .map((text) => JSON.stringify({ text }, null, 2))
        .join("\n"),
  ],
  ["rows.csv", () => `text\n${texts().join("\n")}\n`],
  ["rows.txt", () => texts().join("\n")],
  ["rows.jsonl.gz", () => gzipSync(lines())],
];

describe("records of a file", () => {
  it.each(FORMS)(
    "are given out as %s is read, and no more than some chunks of it are held",
    async (name, make) => {
      const file = join(temporaryFolder(), name);
      const bytes = Buffer.from(make());
      writeFileSync(file, bytes);
      expect(bytes.length).toBeGreaterThan(3 * MOST_HELD);
      let taken = 0;
      let given = 0;
      let mostHeld = 0;
      for await (const record of readRecords(file, { onBytes: (count) => void (taken += count) })) {
        expect("error" in record).toBe(false);
        given += 1;
        mostHeld = Math.max(mostHeld, taken - (given / RECORDS) * bytes.length);
      }
      expect(given).toBe(RECORDS);
      expect(taken).toBe(bytes.length);
      expect(mostHeld).toBeLessThanOrEqual(MOST_HELD);
    },
  );
});

const descriptors = "/proc/self/fd";

it.skipIf(!existsSync(descriptors))(
  "of a folder of many files one is open at a time (skipped where the system does not list open files)",
  async () => {
    const folder = temporaryFolder();
    const many = join(folder, "many");
    mkdirSync(many);
    const files = 1500;
    for (let file = 0; file < files; file++)
      writeFileSync(
        join(many, `${file}.jsonl`),
        `${JSON.stringify({ input: `q${file}`, output: `a${file}` })}\n`,
      );
    const before = readdirSync(descriptors).length;
    let most = 0;
    const apply = (row: Row): Row => {
      most = Math.max(most, readdirSync(descriptors).length);
      return row;
    };
    const cleaning = { steps: [{ name: "count", apply }] };
    const { read } = await prepare({ inputs: [many], output: join(folder, "out"), cleaning });
    expect(read).toBe(files);
    // Besides the file that is read those of the working folder.
    expect(most - before).toBeLessThan(25);
  },
);
