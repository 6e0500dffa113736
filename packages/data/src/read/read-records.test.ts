import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { SchemaElement } from "hyparquet";
import { parquetWriteFile } from "hyparquet-writer";
import { sayPhrase } from "@lathe/files";
import { describe, expect, it } from "vitest";
import { forSeeds } from "../../testing/seeded-random.js";
import { temporaryFolder } from "../../testing/temporary-folder.js";
import { readRecords, readRows, type DataRecord, type ReadOptions } from "../index.js";

async function readAll(file: string, options?: ReadOptions): Promise<DataRecord[]> {
  const records: DataRecord[] = [];
  for await (const record of readRecords(file, options)) records.push(record);
  return records;
}

async function readToEnd(file: string): Promise<void> {
  for await (const record of readRecords(file)) expect(record.file).toBe(file);
}

async function readContent(
  name: string,
  content: string | Uint8Array,
  options?: ReadOptions,
): Promise<unknown[]> {
  const file = join(temporaryFolder(), name);
  writeFileSync(file, content);
  const records = await readAll(file, options);
  expect(records.every((record) => record.file === file)).toBe(true);
  return records.map((record) =>
    "error" in record
      ? { line: record.line, error: sayPhrase(record.error), text: record.text }
      : { line: record.line, value: record.value },
  );
}

describe("JSONL", () => {
  it("reads lines with their numbers, passing over blank ones", async () => {
    expect(await readContent("a.jsonl", '{"a":1}\n\n  \n{"a":2}')).toEqual([
      { line: 1, value: { a: 1 } },
      { line: 4, value: { a: 2 } },
    ]);
  });

  it("takes CRLF and byte order marks, also where files were joined", async () => {
    expect(await readContent("a.ndjson", '\ufeff{"a":"ü"}\r\n\ufeff[]\r\n')).toEqual([
      { line: 1, value: { a: "ü" } },
      { line: 2, value: [] },
    ]);
  });

  it("reports malformed lines with line, reason and text, and goes on", async () => {
    expect(await readContent("a.jsonl", '{"a":1}\n{"a":\n{"a":3}\n')).toEqual([
      { line: 1, value: { a: 1 } },
      {
        line: 2,
        error: expect.stringMatching(/^not valid JSON: .*the end of the text$/) as string,
        text: '{"a":',
      },
      { line: 3, value: { a: 3 } },
    ]);
  });

  it("reports invalid UTF-8 with its column", async () => {
    const bytes = Buffer.concat([Buffer.from('{"a":"é'), Buffer.from([0xff]), Buffer.from('"}\n{"a":1}')]);
    expect(await readContent("a.jsonl", bytes)).toEqual([
      { line: 1, error: "not valid UTF-8 (first bad byte at column 9)", text: '{"a":"é\ufffd"}' },
      { line: 2, value: { a: 1 } },
    ]);
  });

  it("names the first bad byte wherever it stands", async () => {
    for (const before of ["", "a", "é", "中文", "😀😀", "a".repeat(100), "中".repeat(77)]) {
      for (const bad of [[0xff], [0x80], [0xe4, 0xb8], [0xf0, 0x9f, 0x98], [0xc0, 0xaf]]) {
        const bytes = Buffer.concat([Buffer.from(before), Buffer.from(bad), Buffer.from("x")]);
        const [record] = await readContent("a.jsonl", bytes);
        const column = Buffer.byteLength(before) + 1;
        expect(record).toMatchObject({ error: `not valid UTF-8 (first bad byte at column ${column})` });
      }
    }
  });

  it("passes over lines beyond the limit, showing how they begin", async () => {
    const long = `{"a":"${"x".repeat(700_000)}"}`; // longer than two chunks of the stream
    expect(await readContent("a.jsonl", `{"a":1}\n${long}\n{"a":3}\n`, { maximumLineBytes: 1000 })).toEqual([
      { line: 1, value: { a: 1 } },
      {
        line: 2,
        error: "the line has 700008 bytes, more than the limit of 1000",
        text: expect.stringMatching(/^\{"a":"x+$/) as string,
      },
      { line: 3, value: { a: 3 } },
    ]);
    const [, second] = (await readContent("a.jsonl", `{"a":1}\n${long}`, { maximumLineBytes: 700_008 })) as {
      value: unknown;
    }[];
    expect(second.value).toEqual(JSON.parse(long));
  });

  it("refuses keys that reach the prototype and nesting without end", async () => {
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    const records = await readContent(
      "a.jsonl",
      `{"a":{"__proto__":{"x":1}}}\n{"\\u005f_proto__":1}\n{"a":${deep}}\n{"a":[[1]]}`,
    );
    expect(records).toMatchObject([
      { error: 'not valid JSON: expected another key at column 7, got "__proto__"' },
      { error: 'not valid JSON: expected another key at column 2, got "__proto__"' },
      { error: "not valid JSON: expected at most 64 levels of lists and objects at column 69, got more" },
      { value: { a: [[1]] } },
    ]);
  });

  it("refuses UTF-16", async () => {
    await expect(readContent("a.jsonl", Buffer.from("\ufeff{}", "utf16le"))).rejects.toThrow(
      /a\.jsonl: is UTF-16; save it as UTF-8/,
    );
  });

  it("reads an empty file as no records", async () => {
    expect(await readContent("a.jsonl", "")).toEqual([]);
  });

  it("counts the bytes it consumed", async () => {
    let bytes = 0;
    await readContent("a.jsonl", '{"a":1}\n'.repeat(50_000), { onBytes: (count) => (bytes += count) });
    expect(bytes).toBe(400_000);
  });
});

describe("CSV", () => {
  it("reads a header and records, with quotes, line ends and delimiters inside of fields", async () => {
    expect(await readContent("a.csv", '\ufeffinput,output\r\na,b\r\n\r\n"x, ""y""\nz",c\r\n')).toEqual([
      { line: 2, value: { input: "a", output: "b" } },
      { line: 4, value: { input: 'x, "y"\nz', output: "c" } },
    ]);
  });

  it("reads tab-separated values", async () => {
    expect(await readContent("a.tsv", "a\tb\n1,2\t3\n")).toEqual([{ line: 2, value: { a: "1,2", b: "3" } }]);
  });

  it("reports records with the wrong number of columns", async () => {
    expect(await readContent("a.csv", "a,b\n1\n1,2,3\n1,2\n")).toEqual([
      { line: 2, error: "expected 2 columns as in the header, got 1", text: "1" },
      { line: 3, error: "expected 2 columns as in the header, got 3", text: "1,2,3" },
      { line: 4, value: { a: "1", b: "2" } },
    ]);
  });

  it.each([
    ["opened and never closed", 'a,b\n1,"open\n5,6\n7,8\n'],
    ["inside an unquoted field", 'a,b\n1,x"y"\n5,6\n7,8\n'],
    ["after a closing quote", 'a,b\n1,"x"z\n5,6\n7,8\n'],
    ["an odd number of them", 'a,b\n3,"un"closed" q\n5,6\n7,8\n'],
  ])("a stray quote, %s, costs one line", async (_name, content) => {
    const records = await readContent("a.csv", content);
    expect(records).toEqual([
      { line: 2, error: expect.stringContaining("quote") as string, text: content.split("\n")[1] },
      { line: 3, value: { a: "5", b: "6" } },
      { line: 4, value: { a: "7", b: "8" } },
    ]);
  });

  it("a stray quote before sound multi-line records costs one line", async () => {
    const records = await readContent("a.csv", 'a,b\n1,"open\n5,"two\nlines"\n7,8\n');
    expect(records).toMatchObject([
      { line: 2, error: expect.any(String) as string },
      { line: 3, value: { b: "two\nlines" } },
      { line: 5 },
    ]);
  });

  it("reports invalid UTF-8", async () => {
    const bytes = Buffer.concat([Buffer.from("a,b\n1,"), Buffer.from([0xff]), Buffer.from("\n3,4\n")]);
    expect(await readContent("a.csv", bytes)).toEqual([
      { line: 2, error: "not valid UTF-8 (first bad byte at column 3)", text: "1,\ufffd" },
      { line: 3, value: { a: "3", b: "4" } },
    ]);
  });

  it.each([
    ["names a column twice", "a,a\n1,2\n", /names column "a" twice/],
    ["has a nameless column", "a,\n1,2\n", /column named ""/],
    ["reaches the prototype", "a,__proto__\n1,2\n", /column named "__proto__"/],
  ])("refuses a header that %s", async (_name, content, message) => {
    await expect(readContent("a.csv", content)).rejects.toThrow(message);
  });

  it("reads back what RFC 4180 writes, for random fields", async () => {
    const rows: string[][] = [];
    forSeeds(1200, (random) => {
      rows.push([random.text(["a", ",", '"', "\n", " ", "中"], 8), random.text(["b", '""', "\n", "é"], 5)]);
    });
    const quote = (field: string): string => `"${field.replaceAll('"', '""')}"`;
    const content = ["x,y", ...rows.map((row) => row.map(quote).join(","))].join("\n");
    const records = (await readContent("a.csv", content)) as { value: unknown }[];
    expect(records.map(({ value }) => value)).toEqual(rows.map(([x, y]) => ({ x, y })));
  });
});

describe("Parquet", () => {
  it("reads rows over several row groups, with big integers, dates and nulls", async () => {
    const file = join(temporaryFolder(), "a.parquet");
    parquetWriteFile({
      filename: file,
      rowGroupSize: 2,
      columnData: [
        { name: "input", data: ["甲", "b", "c"], type: "STRING" },
        { name: "output", data: ["1", null, "3"], type: "STRING", nullable: true },
        { name: "big", data: [2n ** 60n, 5n, -5n], type: "INT64" },
        { name: "at", data: [new Date(0), new Date(1), new Date(2)], type: "TIMESTAMP" },
      ],
    });
    expect(await readAll(file)).toEqual([
      {
        file,
        line: 1,
        value: { input: "甲", output: "1", big: "1152921504606846976", at: "1970-01-01T00:00:00.000Z" },
      },
      { file, line: 2, value: { input: "b", output: null, big: 5, at: "1970-01-01T00:00:00.001Z" } },
      { file, line: 3, value: { input: "c", output: "3", big: -5, at: "1970-01-01T00:00:00.002Z" } },
    ]);
  });

  it("reads lists of integers and of messages as rows have them", async () => {
    const file = join(temporaryFolder(), "a.parquet");
    const messages = [
      { role: "user", content: "a" },
      { role: "assistant", content: "b" },
    ];
    const list = (name: string): SchemaElement[] => [
      { name, repetition_type: "OPTIONAL", num_children: 1, converted_type: "LIST" },
      { name: "list", repetition_type: "REPEATED", num_children: 1 },
    ];
    const text = { type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" } as const;
    parquetWriteFile({
      filename: file,
      columnData: [
        { name: "input_ids", data: [[1n, 2n], [3n]] },
        { name: "messages", data: [messages, messages.slice(1)] },
      ],
      schema: [
        { name: "root", num_children: 2 },
        ...list("input_ids"),
        { name: "element", type: "INT64", repetition_type: "OPTIONAL" },
        ...list("messages"),
        { name: "element", repetition_type: "OPTIONAL", num_children: 2 },
        { name: "role", ...text },
        { name: "content", ...text },
      ],
    });
    expect(await readAll(file)).toEqual([
      { file, line: 1, value: { input_ids: [1, 2], messages } },
      { file, line: 2, value: { input_ids: [3], messages: messages.slice(1) } },
    ]);
  });

  it("ends in good time over a file whose counts are damaged", async () => {
    const file = fileURLToPath(new URL("../../fixtures/damaged/hang.parquet", import.meta.url));
    await expect(readToEnd(file)).rejects.toThrow(/hang\.parquet: cannot be read as Parquet/);
  }, 30_000);

  it("gives rows or one sentence with the file whatever byte is changed or cut off", async () => {
    const whole = readFileSync(
      fileURLToPath(new URL("../../fixtures/damaged/hang.parquet", import.meta.url)),
    );
    const file = join(temporaryFolder(), "damaged.parquet");
    const cases: Buffer[] = [];
    forSeeds(100, (random) => {
      const copy = Buffer.from(whole);
      // The footer holds the counts: half of the changes go there.
      const from = random.integer(0, 1) === 0 ? 0 : copy.length - 1000;
      copy[random.integer(from, copy.length - 1)] ^= 1 << random.integer(0, 7);
      cases.push(random.integer(0, 3) === 0 ? copy.subarray(0, random.integer(0, copy.length - 1)) : copy);
    });
    let refused = 0;
    for (const bytes of cases) {
      writeFileSync(file, bytes);
      await readToEnd(file).catch((error: unknown) => {
        expect(error).toMatchObject({ name: "FileError", path: file });
        refused += 1;
      });
    }
    expect(refused).toBeGreaterThan(0);
  }, 180_000);

  it("refuses what is not Parquet, naming the file", async () => {
    await expect(readContent("a.parquet", "no parquet at all, but long enough for a footer")).rejects.toThrow(
      /a\.parquet: cannot be read as Parquet/,
    );
    await expect(readContent("a.parquet", "PAR1")).rejects.toThrow(/a\.parquet: cannot be read as Parquet/);
  });
});

describe("readRecords", () => {
  it.each(["rows.json", "rows", "rows.txt"])("refuses the kind of %s", (file) => {
    expect(() => readRecords(file)).toThrow(
      `${file}: is of an unknown kind; expected .jsonl, .ndjson, .csv, .tsv or .parquet`,
    );
  });

  it.each(["none.jsonl", "none.csv", "none.parquet"])("says that there is no %s", async (name) => {
    await expect(readAll(join(temporaryFolder(), name))).rejects.toThrow(/none\.\w+: no such file/);
  });
});

describe("readRows", () => {
  it("ends at the first line that is no row, with file and line", async () => {
    const file = join(temporaryFolder(), "a.jsonl");
    writeFileSync(file, '{"text":"a"}\n{"txt":"b"}\n');
    const rows: unknown[] = [];
    const read = async (): Promise<void> => {
      for await (const { row, line } of readRows(file)) rows.push([line, row.kind]);
    };
    await expect(read()).rejects.toThrow(/a\.jsonl:2: expected one of the shapes/);
    expect(rows).toEqual([[1, "text"]]);
  });
});
