import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { tableFromJSON, tableToIPC } from "apache-arrow";
import { isInputError, sayPhrase } from "@lathe/files";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { mutated } from "../../testing/mutated.js";
import { SeededRandom } from "../../testing/seeded-random.js";
import { temporaryFolder } from "../../testing/temporary-folder.js";
import { parseRow, readRecords, RowError } from "../index.js";

/** Any bytes give rows or errors with their place: no crash, no hang, no memory without end. */
const fixture = (name: string): Buffer =>
  readFileSync(fileURLToPath(new URL(`../../fixtures/rows/${name}`, import.meta.url)));

const rows = Array.from({ length: 40 }, (_, row) => ({
  input: `第 ${row} 个问题？`,
  output: `答案 "${row}", 价格 ${row / 7}；\n谢谢`,
  n: row * 1000003,
}));
const lines = rows.map((row) => JSON.stringify(row)).join("\n");
const csv = `input,output,n\n${rows.map(({ input, output, n }) => `${input},"${output.replaceAll('"', '""')}",${n}`).join("\n")}`;
const squad = JSON.stringify({
  version: "1",
  data: [
    {
      title: "a",
      paragraphs: [{ context: "正文", qas: [{ id: "1", question: "?", answers: [{ text: "文" }] }] }],
    },
  ],
});
const columns = ["input", "output"] as const;
const parquet = Buffer.from(
  parquetWriteBuffer({ columnData: columns.map((name) => ({ name, data: rows.map((row) => row[name]) })) }),
);

/** Sound files by the names they may have, one after the other. */
const texts: readonly (readonly [names: readonly string[], bytes: Buffer])[] = [
  [["a.jsonl", "a", "a.txt"], Buffer.from(lines)],
  [["a.json", "a.jsonl", "a"], Buffer.from(JSON.stringify(rows, null, 2))],
  [["a.json"], Buffer.from(JSON.stringify(rows))],
  [["a.json", "a"], Buffer.from(squad)],
  [["a.json"], Buffer.from(rows.map((row) => JSON.stringify(row, null, 1)).join("\n"))],
  [["a.csv", "a"], Buffer.from(csv)],
  [["a.tsv", "a.csv"], Buffer.from(csv.replaceAll(",", "\t"))],
  [["a.csv"], Buffer.from(`\ufeff${csv.replaceAll(",", ";")}`)],
  [["a.txt", "a.md", "a"], Buffer.from(rows.map(({ input }) => input).join("\r\n"))],
  [["a.jsonl"], Buffer.from(`\ufeff${lines}`, "utf16le")],
  [["a.csv"], Buffer.from(`\ufeff${csv}`, "utf16le").swap16()],
  [["a.jsonl.gz", "a.jsonl", "a"], gzipSync(lines)],
  [["a.csv.gz"], gzipSync(gzipSync(csv))],
  [["a.jsonl.zst", "a.jsonl"], fixture("rows.jsonl.zst")],
];
const binaries: typeof texts = [
  [["a.arrow", "a", "a.feather"], Buffer.from(tableToIPC(tableFromJSON(rows), "file"))],
  [["a.arrow", "a.ipc"], Buffer.from(tableToIPC(tableFromJSON(rows), "stream"))],
  [["a.feather"], fixture("lz4.feather")],
  [["a.feather"], fixture("zstd.feather")],
  [["a.parquet", "a", "a.jsonl"], parquet],
  [["a.parquet"], fixture("nested.parquet")],
  [["a.parquet.gz"], gzipSync(parquet)],
];

/** Reads a file to its end. @returns records, and those of them that cannot be read; null where the file is refused */
async function outcome(file: string): Promise<{ records: number; faulty: number } | null> {
  const found = { records: 0, faulty: 0 };
  try {
    for await (const record of readRecords(file)) {
      found.records++;
      expect(record.file).toBe(file);
      expect(Number.isSafeInteger(record.line) && record.line > 0).toBe(true);
      if ("error" in record) {
        found.faulty++;
        expect(sayPhrase(record.error)).not.toBe("");
        expect(record.text).toBeTypeOf("string");
        continue;
      }
      try {
        parseRow(record.value, record);
      } catch (error) {
        // What was read need not be a row, and is said to be none.
        if (!(error instanceof RowError)) throw error;
        expect(error.message).toContain(`${file}:${record.line}`);
      }
    }
    return found;
  } catch (error) {
    if (!isInputError(error)) throw error;
    expect(error.message).toContain(file);
    return null;
  }
}

/** @returns how many records were read and how many files were refused */
async function fuzz(files: typeof texts, seeds: number): Promise<{ read: number; refused: number }> {
  const folder = temporaryFolder();
  let [read, refused] = [0, 0];
  for (let seed = 1; seed <= seeds; seed++) {
    const random = new SeededRandom(seed);
    const [names, whole] = files[seed % files.length];
    const [, other] = random.pick([...texts, ...binaries]);
    const file = join(folder, `${seed}-${random.pick(names)}`);
    writeFileSync(file, mutated(whole, other, random));
    try {
      const found = await outcome(file);
      if (found === null) refused++;
      else read += found.records - found.faulty;
    } catch (error) {
      throw new Error(`seed ${seed} (${file}): ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  }
  return { read, refused };
}

describe("readers of damaged files", () => {
  it("read all of what is sound", async () => {
    const folder = temporaryFolder();
    for (const [[name], whole] of [...texts, ...binaries]) {
      const file = join(folder, name);
      writeFileSync(file, whole);
      const { records, faulty } = (await outcome(file))!;
      expect(records, name).toBeGreaterThan(0);
      expect(faulty, name).toBe(0);
    }
  }, 60_000);

  it("give rows or errors with their place, of text", async () => {
    const { read, refused } = await fuzz(texts, 420);
    // Neither everything is refused nor nothing.
    expect(read).toBeGreaterThan(420);
    expect(refused).toBeGreaterThan(0);
  }, 300_000);

  it("give rows or errors with their place, of Arrow and Parquet", async () => {
    // Up to six changes leave hardly a file in which nothing contradicts the rest.
    expect((await fuzz(binaries, 42)).refused).toBeGreaterThan(21);
  }, 300_000);

  it("give rows or errors with their place, of random bytes", async () => {
    const file = join(temporaryFolder(), "a");
    for (let seed = 1; seed <= 100; seed++) {
      const random = new SeededRandom(seed);
      const alphabet = random.pick([256, 128, 64]);
      const bytes = Array.from({ length: random.integer(1, 3000) }, () => random.integer(0, alphabet - 1));
      writeFileSync(file, Buffer.from(bytes));
      await outcome(file);
    }
  }, 120_000);
});

describe("files that unpack to far more than they hold", () => {
  const zeros = gzipSync(Buffer.alloc(64 * 2 ** 20), { level: 9 });
  /** A frame of Zstandard of blocks that repeat one byte, four bytes for 128 KiB. */
  const repeated = (blocks: number): Buffer => {
    const block = (isLast: boolean): Buffer => {
      const header = ((2 ** 17) << 3) | (1 << 1) | (isLast ? 1 : 0);
      return Buffer.of(header & 255, (header >> 8) & 255, header >> 16, 0x61);
    };
    const all = Array.from({ length: blocks }, (_, at) => block(at === blocks - 1));
    return Buffer.concat([Buffer.from("28b52ffd0070", "hex"), ...all]);
  };
  it.each([
    ["gzip", Buffer.concat(Array.from({ length: 40 }, () => zeros))],
    ["gzip within gzip", gzipSync(Buffer.concat(Array.from({ length: 40 }, () => zeros)))],
    ["Zstandard", repeated(20_000)],
  ])(
    "are refused before they fill memory or time: %s",
    async (_, bytes) => {
      const file = join(temporaryFolder(), "a.jsonl");
      writeFileSync(file, bytes);
      const before = process.memoryUsage.rss();
      await expect(outcome(file)).resolves.toBeNull();
      expect(process.memoryUsage.rss() - before).toBeLessThan(700 * 2 ** 20);
    },
    60_000,
  );

  it("are read where the share is that of rows which repeat themselves", async () => {
    const file = join(temporaryFolder(), "a.jsonl.gz");
    writeFileSync(file, gzipSync(`${'{"text":"same"}\n'.repeat(200_000)}`));
    expect(await outcome(file)).toEqual({ records: 200_000, faulty: 0 });
  }, 60_000);
});
