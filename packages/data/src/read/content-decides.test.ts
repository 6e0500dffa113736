import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { tableFromJSON, tableToIPC } from "apache-arrow";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { encodeText } from "../../testing/encode-text.js";
import { SeededRandom } from "../../testing/seeded-random.js";
import { storedZstd } from "../../testing/stored-zstd.js";
import { temporaryFolder } from "../../testing/temporary-folder.js";
import { expandInputs, readRecords } from "../index.js";

interface Pair {
  readonly input: string;
  readonly output: string;
}

// Characters that simplified and traditional Chinese have in common, so that rows can be written in every encoding.
const WORDS = Array.from(
  "我想要一件大的可以上下班用在那里有人好不公司地方今天明日早月白水火山花文字老家生活心手口中小多少",
);
const ODD = ["，", "。", "？", '"', ",", ";", "\n", "A7", " ", "\t", "{", "[1]"];

function pairs(random: SeededRandom): Pair[] {
  const text = (): string =>
    Array.from({ length: random.integer(4, 30) }, () => random.pick(random.next() < 0.85 ? WORDS : ODD)).join(
      "",
    );
  return Array.from({ length: random.integer(4, 12) }, () => ({
    input: `问${text()}好`,
    output: `我${text()}。`,
  })).map(({ input, output }) => ({ input: input.replace("问", "在"), output }));
}

const quoted =
  (delimiter: string) =>
  (field: string): string =>
    field.includes('"') || field.includes("\n") || field.includes(delimiter)
      ? `"${field.replaceAll('"', '""')}"`
      : field;
const table = (rows: readonly Pair[], delimiter: string, end = "\n"): string =>
  [{ input: "input", output: "output" }, ...rows]
    .map(({ input, output }) => [input, output].map(quoted(delimiter)).join(delimiter) + end)
    .join("");

const TEXTS: Readonly<Record<string, (rows: readonly Pair[]) => string>> = {
  JSONL: (rows) => rows.map((row) => `${JSON.stringify(row)}\n`).join(""),
  "JSONL of Windows": (rows) => rows.map((row) => `${JSON.stringify(row)}\r\n`).join(""),
  list: (rows) => JSON.stringify(rows),
  "pretty list": (rows) => JSON.stringify(rows, null, 2),
  "pretty objects": (rows) => rows.map((row) => JSON.stringify(row, null, 2)).join("\n"),
  wrapped: (rows) => JSON.stringify({ version: "1", data: rows }),
  CSV: (rows) => table(rows, ","),
  TSV: (rows) => table(rows, "\t"),
  semicolons: (rows) => table(rows, ";"),
};
const BINARIES: Readonly<Record<string, (rows: readonly Pair[]) => Buffer>> = {
  Parquet: (rows) =>
    Buffer.from(
      parquetWriteBuffer({
        columnData: (["input", "output"] as const).map((name) => ({
          name,
          data: rows.map((row) => row[name]),
        })),
      }),
    ),
  Arrow: (rows) => Buffer.from(tableToIPC(tableFromJSON(rows.map((row) => ({ ...row }))), "file")),
  "Arrow's stream": (rows) =>
    Buffer.from(tableToIPC(tableFromJSON(rows.map((row) => ({ ...row }))), "stream")),
};
const ENCODINGS: Readonly<Record<string, (text: string) => Buffer>> = {
  "UTF-8": (text) => Buffer.from(text),
  "UTF-8 with a mark": (text) => Buffer.from(`\ufeff${text}`),
  "UTF-16": (text) => Buffer.from(`\ufeff${text}`, "utf16le"),
  "UTF-16, big end first": (text) => Buffer.from(`\ufeff${text}`, "utf16le").swap16(),
  "UTF-16 without a mark": (text) => Buffer.from(text, "utf16le"),
  GB18030: (text) => encodeText(text, "gb18030"),
  Big5: (text) => encodeText(text, "big5"),
};
const PACKINGS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  plain: (bytes) => bytes,
  gzip: (bytes) => gzipSync(bytes),
  Zstandard: storedZstd,
  "gzip of Zstandard": (bytes) => gzipSync(storedZstd(bytes)),
};
const EXTENSIONS = [
  "",
  ".jsonl",
  ".json",
  ".csv",
  ".tsv",
  ".txt",
  ".md",
  ".parquet",
  ".arrow",
  ".feather",
  ".dat",
  ".gz",
  ".parquet.zst",
  ".CSV",
];

async function valuesOf(file: string): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const record of readRecords(file)) values.push("error" in record ? record : record.value);
  return values;
}

describe("what a file is", () => {
  it("is told by its content: text of any format, encoding, packing and name gives the same rows", async () => {
    const folder = temporaryFolder();
    let seed = 0;
    for (const [format, write] of Object.entries(TEXTS))
      for (const [encoding, encode] of Object.entries(ENCODINGS))
        for (const [packing, pack] of Object.entries(PACKINGS)) {
          const random = new SeededRandom(++seed);
          const rows = pairs(random);
          const bytes = pack(encode(write(rows)));
          for (const extension of random.shuffle(EXTENSIONS).slice(0, 4)) {
            const file = join(folder, `rows${extension}`);
            writeFileSync(file, bytes);
            const what = `seed ${seed}: ${format} in ${encoding}, ${packing}, named “${extension}”`;
            expect(await valuesOf(file), what).toEqual(rows);
          }
        }
  }, 300_000);

  it.each(Object.keys(BINARIES))(
    "is told by its content: %s of any packing and name",
    async (format) => {
      const folder = temporaryFolder();
      for (const [at, [packing, pack]] of Object.entries(PACKINGS).entries()) {
        const random = new SeededRandom(at + 1);
        const rows = pairs(random);
        const extension = random.pick(EXTENSIONS);
        const file = join(folder, `rows${extension}`);
        writeFileSync(file, pack(BINARIES[format](rows)));
        expect(await valuesOf(file), `seed ${at + 1}: ${packing}, named “${extension}”`).toEqual(rows);
      }
    },
    120_000,
  );

  it("is told by the extension where the content leaves it open", async () => {
    const folder = temporaryFolder();
    const read = (name: string, content: string): Promise<unknown[]> => {
      writeFileSync(join(folder, name), content);
      return valuesOf(join(folder, name));
    };
    // One column is a table in a file that is called one, and lines of text in another.
    expect(await read("a.csv", "text\n您好\n")).toEqual([{ text: "您好" }]);
    expect(await read("a.txt", "text\n您好\n")).toEqual([{ text: "text" }, { text: "您好" }]);
    // Prose with commas, times and names in brackets are no table and no JSON.
    for (const line of ["好的, 您稍等", "[12:03] 客服: 您好", "[图片]", "{姓名}您好", "[链接](a.html)"]) {
      expect(await read("a.txt", `${line}\n${line}\n${line}\n${line}\n`)).toEqual(
        Array(4).fill({ text: line }),
      );
    }
    expect(await read("a.jsonl", "好的, 您稍等\n好的, 您稍等\n")).toMatchObject([{ line: 1 }, { line: 2 }]);
    await expect(read("a.parquet", "好的\n您稍等\n")).rejects.toThrow(/cannot be read as Parquet/);
    await expect(
      read("b.parquet", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"),
    ).rejects.toThrow(/b\.parquet: is a pointer that Git LFS left in place of the file/);
  });

  it("is told by the content also of files in a folder that have no extension", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "spark"));
    const rows = pairs(new SeededRandom(1));
    for (const [name, bytes] of [
      ["part-00000", Buffer.from(TEXTS.JSONL(rows))],
      ["part-00001.gz", gzipSync(BINARIES.Parquet(rows))],
      ["wrong.parquet", Buffer.from(TEXTS.CSV(rows))],
      ["_SUCCESS", Buffer.alloc(0)],
      ["notes", Buffer.from("not rows\n")],
      ["empty", Buffer.alloc(0)],
      ["image", Buffer.from("\x89PNG\r\n\x1a\n\0\0", "latin1")],
      ["archive", Buffer.from("PK\x03\x04", "latin1")],
    ] as const)
      writeFileSync(join(folder, "spark", name), bytes);
    const files = await expandInputs([folder]);
    expect(files.map((file) => file.slice(folder.length + 1))).toEqual([
      join("spark", "part-00000"),
      join("spark", "part-00001.gz"),
      join("spark", "wrong.parquet"),
    ]);
    for (const file of files) expect(await valuesOf(file)).toEqual(rows);
    expect(await expandInputs([join(folder, "**", "p*")])).toEqual(files.slice(0, 2));
  }, 30_000);
});
