import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { type Table, tableFromJSON, tableToIPC } from "apache-arrow";
import type { SchemaElement } from "hyparquet";
import { parquetWriteFile } from "hyparquet-writer";
import { phrase, sayPhrase } from "@lathe/files";
import { describe, expect, it } from "vitest";
import { forSeeds, SeededRandom } from "../../testing/seeded-random.js";
import { temporaryFolder } from "../../testing/temporary-folder.js";
import { readRecords, readRows, writeTokenFile, type DataRecord, type ReadOptions } from "../index.js";

/** Codes of the Chinese characters of the tests, as Python's `character.encode("gb18030")` has them. */
const GB: Readonly<Record<string, string>> = {
  "。": "a1a3",
  一: "d2bb",
  上: "c9cf",
  下: "cfc2",
  九: "bec5",
  你: "c4e3",
  停: "cda3",
  几: "bcb8",
  吗: "c2f0",
  地: "b5d8",
  场: "b3a1",
  好: "bac3",
  层: "b2e3",
  开: "bfaa",
  早: "d4e7",
  有: "d3d0",
  点: "b5e3",
  请: "c7eb",
  车: "b3b5",
  门: "c3c5",
  问: "ceca",
  "，": "a3ac",
  "？": "a3bf",
};

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

  it("keeps numbers that a double cannot hold as their digits", async () => {
    const big =
      '{"id":9007199254740993,"far":1e999,"text":"9007199254740993, 1e999","same":[-9007199254740992,1.5e300]}';
    expect(await readContent("a.jsonl", `${big}\n{"score":NaN}\n{"many":${"9".repeat(100_000)}}`)).toEqual([
      {
        line: 1,
        value: {
          id: "9007199254740993",
          far: "1e999",
          text: "9007199254740993, 1e999",
          same: [-9007199254740992, 1.5e300],
        },
      },
      { line: 2, error: "not valid JSON: expected a value at column 10, got NaN", text: '{"score":NaN}' },
      { line: 3, value: { many: "9".repeat(100_000) } },
    ]);
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

  it("names a column without a name after its place, as the index of pandas is", async () => {
    expect(await readContent("a.csv", ",input,output\n0,a,b\n")).toEqual([
      { line: 2, value: { "column 1": "0", input: "a", output: "b" } },
    ]);
  });

  it("reports records with the wrong number of columns", async () => {
    expect(await readContent("a.csv", "a,b\n1\n1,2,3\n1,2\n")).toEqual([
      { line: 2, error: "expected 2 columns as in the header, got 1", text: "1" },
      { line: 3, error: "expected 2 columns as in the header, got 3", text: "1,2,3" },
      { line: 4, value: { a: "1", b: "2" } },
    ]);
  });

  it("reads quotes as Python's csv does", async () => {
    // list(csv.DictReader(open("quote-in-the-middle.csv"))) of Python 3.11, the last row apart
    const file = fileURLToPath(new URL("../../fixtures/rows/quote-in-the-middle.csv", import.meta.url));
    expect(await readAll(file)).toEqual([
      { file, line: 2, value: { question: '5" pipe', answer: "steel" } },
      { file, line: 3, value: { question: '他说"你好"了', answer: "好" } },
      { file, line: 4, value: { question: "ab", answer: "c" } },
      { file, line: 5, value: { question: "x", answer: "y " } },
      { file, line: 6, value: { question: " z", answer: "q" } },
      {
        file,
        line: 7,
        error: phrase`expected ${2} columns as in the header, got ${3}`,
        text: 'p,he said "hi, there" ok',
      },
    ]);
    expect(await readContent("a.csv", 'a,b\n1,x"y"\n2,"x"z\n3,"un"closed" q\n')).toEqual([
      { line: 2, value: { a: "1", b: 'x"y"' } },
      { line: 3, value: { a: "2", b: "xz" } },
      { line: 4, value: { a: "3", b: 'unclosed" q' } },
    ]);
  });

  it("takes the delimiter that the header has", async () => {
    const file = fileURLToPath(new URL("../../fixtures/rows/semicolon.csv", import.meta.url));
    expect(await readAll(file)).toEqual([
      { file, line: 2, value: { question: "你好", answer: "您好" } },
      { file, line: 3, value: { question: "再见", answer: "再见" } },
    ]);
    for (const [delimiter, name] of [
      ["\t", "a.csv"],
      ["|", "a.csv"],
      [",", "a.tsv"],
      [";", "table"],
    ]) {
      const content = ["x", "y", "1", '"2;3"']
        .map((text, at) => `${text}${at % 2 === 0 ? delimiter : "\n"}`)
        .join("");
      expect(await readContent(name, content)).toEqual([{ line: 2, value: { x: "1", y: "2;3" } }]);
    }
  });

  it("a stray quote that is never closed costs one line", async () => {
    expect(await readContent("a.csv", 'a,b\n1,"open\n5,6\n7,8\n')).toEqual([
      { line: 2, error: "a quote is opened and never closed", text: '1,"open' },
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
    // Each is read by a thread of its own, which takes a second.
    forSeeds(20, (random) => {
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
  it.each(["none.jsonl", "none.csv", "none.parquet"])("says that there is no %s", async (name) => {
    await expect(readAll(join(temporaryFolder(), name))).rejects.toThrow(/none\.\w+: no such file/);
  });
});

describe("JSON of many lines", () => {
  const rows = [
    { input: "你好，请问几点开门？", output: "早上九点开门。" },
    { input: "有停车场吗？", output: "有，地下一层。" },
    { input: "谢谢", output: "不客气，再见！" },
  ];
  const values = (records: readonly unknown[]): unknown[] =>
    records.map((record) => (record as { value: unknown }).value);

  it.each(["array.json", "array-one-line.jsonl", "pretty.jsonl"])(
    "reads %s, under any name",
    async (name) => {
      const file = fileURLToPath(new URL(`../../fixtures/rows/${name}`, import.meta.url));
      expect(values(await readAll(file))).toEqual(rows);
      for (const other of ["a", "a.json", "a.txt", "a.jsonl"]) {
        expect(values(await readContent(other, readFileSync(file)))).toEqual(rows);
      }
    },
  );

  it("names the line on which a member begins, and goes on after one that is faulty", async () => {
    const text = '\ufeff[\n  {"a": "}]"},\n\n  {"b": },\n  {"c":\n "\\\\"}, 5\n]\n';
    expect(await readContent("a.json", text)).toEqual([
      { line: 2, value: { a: "}]" } },
      { line: 4, error: 'not valid JSON: expected a value at column 7, got "}"', text: '{"b": }' },
      { line: 5, value: { c: "\\" } },
      { line: 6, value: 5 },
    ]);
    expect(await readContent("a.json", '[\n{"a": 1},\n{"b": [1')).toEqual([
      { line: 2, value: { a: 1 } },
      {
        line: 3,
        error: "the value begins here and is not closed: the file ends within it",
        text: '{"b": [1',
      },
    ]);
    expect(await readContent("a.json", '[\n{"a": 1},\n')).toMatchObject([
      { line: 2 },
      { line: 3, error: "the list is not closed: the file ends within it" },
    ]);
  });

  it("reads what an object wraps, and SQuAD's layout", async () => {
    expect(
      values(await readContent("a.json", `{"version": "1",\n "data": ${JSON.stringify(rows)}}`)),
    ).toEqual(rows);
    const served = { features: {}, rows: rows.map((row, row_idx) => ({ row_idx, row })) };
    expect(values(await readContent("a.json", JSON.stringify(served)))).toEqual(rows);
    const messages = { messages: [{ role: "user", content: "a" }] };
    expect(values(await readContent("a.json", JSON.stringify(messages, null, 1)))).toEqual([messages]);
    const squad = {
      version: "v1.0",
      data: [
        {
          title: "t",
          paragraphs: [
            {
              context: "上下文",
              qas: [
                { id: "q1", question: "问？", answers: [{ text: "答", answer_start: 0 }, { text: "答二" }] },
                { id: "q2", question: "没有？", answers: [] },
              ],
            },
          ],
        },
      ],
    };
    // printf 上下文 | sha256sum
    const dialogue = "6fc38ef3602fe789";
    expect(await readContent("a.json", JSON.stringify(squad))).toEqual([
      {
        line: 1,
        value: {
          dialogue,
          id: "q1",
          title: "t",
          input: "上下文\n问？",
          output: "答",
          answers: ["答", "答二"],
        },
      },
      {
        line: 2,
        value: { dialogue, id: "q2", title: "t", input: "上下文\n没有？", output: "", answers: [] },
      },
    ]);
  });

  it("reads CMRC's own layout, each question with the line of its paragraph", async () => {
    const paragraph = (id: string): unknown => ({
      context_id: id,
      context_text: "上下文",
      title: "t",
      qas: [{ query_id: `${id}-1`, query_text: "问？", answers: ["答", "答二"] }],
    });
    const records = await readContent("a.json", JSON.stringify([paragraph("a"), paragraph("b")], null, 1));
    const dialogue = "6fc38ef3602fe789";
    const row = { dialogue, title: "t", input: "上下文\n问？", output: "答", answers: ["答", "答二"] };
    expect(records).toEqual([
      { line: 2, value: { ...row, id: "a-1" } },
      { line: 17, value: { ...row, id: "b-1" } },
    ]);
  });

  it("reads objects one after the other on a single line", async () => {
    expect(values(await readContent("a.json", '{"a":1}{"a":"}{"} {"a":3}'))).toEqual([
      { a: 1 },
      { a: "}{" },
      { a: 3 },
    ]);
  });

  it("reads values of any length over any chunks, as JSON.parse does", async () => {
    const random = new SeededRandom(3);
    const list = Array.from({ length: 300 }, (_, id) => ({
      id,
      text: random.text(["中", '"', "\\", "]", "{", "\n", "a"], 3000),
      deep: [[{}], "x"],
    }));
    for (const indent of [undefined, 2]) {
      expect(values(await readContent("a.json", JSON.stringify(list, null, indent)))).toEqual(list);
    }
    const [, long] = await readContent("a.json", `[1,{"a":"${"x".repeat(400_000)}"},2]`, {
      maximumLineBytes: 1000,
    });
    expect(long).toMatchObject({ line: 1, error: "the value has 400008 bytes, more than the limit of 1000" });
  });
});

describe("encodings and packings", () => {
  const text =
    '{"input":"你好，请问几点开门？","output":"早上九点开门。"}\n{"input":"有停车场吗？","output":"有，地下一层。"}\n';
  const expected = text
    .trim()
    .split("\n")
    .map((line, index) => ({ line: index + 1, value: JSON.parse(line) as unknown }));
  const swapped = (bytes: Buffer): Buffer => Buffer.from(bytes).swap16();
  // printf of the text through iconv -t GB18030
  const gb18030 = Buffer.concat(
    Array.from(text, (character) => {
      const code = GB[character];
      return code === undefined ? Buffer.from(character) : Buffer.from(code, "hex");
    }),
  );

  it.each([
    ["UTF-8 with a mark", Buffer.from(`\ufeff${text}`)],
    ["UTF-16", Buffer.from(`\ufeff${text}`, "utf16le")],
    ["UTF-16, big end first", swapped(Buffer.from(`\ufeff${text}`, "utf16le"))],
    ["UTF-16 without a mark", Buffer.from(`{"a":"ascii","input":1}\n`, "utf16le")],
    ["Chinese in UTF-16 that no mark tells", Buffer.from(text, "utf16le")],
    ["the same, big end first", swapped(Buffer.from(text, "utf16le"))],
    ["GB18030", gb18030],
    ["gzip", gzipSync(text)],
    ["gzip within gzip", gzipSync(gzipSync(text))],
    ["gzip of UTF-16", gzipSync(Buffer.from(`\ufeff${text}`, "utf16le"))],
    // zstd 1.5 of the text
    [
      "Zstandard",
      readFileSync(fileURLToPath(new URL("../../fixtures/rows/rows.jsonl.zst", import.meta.url))),
    ],
  ])("reads %s", async (name, bytes) => {
    const records = await readContent("a.jsonl", bytes);
    expect(records).toEqual(
      name.endsWith("without a mark") ? [{ line: 1, value: { a: "ascii", input: 1 } }] : expected,
    );
  });

  it("reports a bad line in the middle, in any encoding", async () => {
    const bad = Buffer.concat([
      gb18030,
      Buffer.from('{"a":"'),
      Buffer.from([0xff, 0xff]),
      Buffer.from('"}\n'),
      gb18030,
    ]);
    expect(await readContent("a.jsonl", bad)).toMatchObject([
      {},
      {},
      { line: 3, error: "not valid GB18030" },
      { line: 4 },
      { line: 5 },
    ]);
  });

  it.each([
    ["bzip2", "BZh91AY&SY"],
    ["xz", "\xfd7zXZ\0\0\x04"],
    ["zip", "PK\x03\x04\x14\0"],
    ["7z", "7z\xbc\xaf\x27\x1c\0"],
  ])("names a packing that is not read: %s", async (name, bytes) => {
    await expect(readContent("a.jsonl", Buffer.from(bytes, "latin1"))).rejects.toThrow(
      `a.jsonl: is packed as ${name}, which is not read; unpack it`,
    );
  });

  it("names Feather of version 1, whatever the extension", async () => {
    await expect(readContent("a.feather", Buffer.from("FEA1\0\0\0\0"))).rejects.toThrow(
      "a.feather: is Feather of version 1",
    );
  });

  it("says that packed bytes are damaged", async () => {
    const packed = gzipSync(text.repeat(1000));
    await expect(readContent("a.jsonl.gz", packed.subarray(0, 100))).rejects.toThrow(
      /a\.jsonl\.gz: cannot be unpacked as gzip: “unexpected end of file”/,
    );
    const zstd = Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), Buffer.from("no frame at all")]);
    await expect(readContent("a.zst", zstd)).rejects.toThrow(/a\.zst: cannot be unpacked as Zstandard/);
  });

  it("reads packed Parquet, and a line of 100 MB", async () => {
    const nested = readFileSync(
      fileURLToPath(new URL("../../fixtures/rows/nested.parquet", import.meta.url)),
    );
    expect(await readContent("a.parquet.gz", gzipSync(nested))).toEqual(
      await readContent("a.parquet", nested),
    );
    const [first, second] = await readContent(
      "a.jsonl.gz",
      gzipSync(`{"text":"${"字".repeat(34_000_000)}"}\n{"text":"b"}\n`, { level: 1 }),
    );
    expect((first as { value: { text: string } }).value.text).toHaveLength(34_000_000);
    expect(second).toEqual({ line: 2, value: { text: "b" } });
  }, 60_000);
});

describe("Arrow", () => {
  const table = (): Table =>
    tableFromJSON([
      { input: "甲", output: "1", at: 1n },
      { input: "乙", output: null, at: 2n ** 60n },
    ]);

  it.each(["file", "stream"] as const)("reads a %s", async (kind) => {
    expect(await readContent("a.arrow", tableToIPC(table(), kind))).toEqual([
      { line: 1, value: { input: "甲", output: "1", at: 1 } },
      { line: 2, value: { input: "乙", output: null, at: "1152921504606846976" } },
    ]);
  });

  it.each(["lz4.feather", "zstd.feather"])("reads what PyArrow packs, %s", async (name) => {
    const file = fileURLToPath(new URL(`../../fixtures/rows/${name}`, import.meta.url));
    // scripts/reference/feather.py
    const expected = Array.from({ length: 200 }, (_, n) => ({
      file,
      line: n + 1,
      value: {
        input: "你好，请问几点开门？".repeat(20),
        output: `早上九点开门。${n}`,
        n,
        tags: ["a", "b"],
        who: { id: n, name: null },
      },
    }));
    expect(await readAll(file)).toEqual(expected);
  });

  it("reads token files of its own, in batches", async () => {
    const file = join(temporaryFolder(), "a.arrow");
    const rows = Array.from({ length: 2500 }, (_, id) => ({
      inputIds: Int32Array.of(id, 2),
      labels: Int32Array.of(-100, 2),
    }));
    await writeTokenFile(file, rows, { tokenizerHash: null, templateHash: null, maxTokens: null });
    const records = await readAll(file);
    expect(records).toHaveLength(2500);
    expect(records[2345]).toMatchObject({ line: 2346, value: { input_ids: [2345, 2], labels: [-100, 2] } });
  });

  it.each(["hang.arrow", "typeerror.arrow"])(
    "ends over %s",
    async (name) => {
      const file = fileURLToPath(new URL(`../../fixtures/damaged/${name}`, import.meta.url));
      await expect(readToEnd(file)).rejects.toThrow(/cannot be read as Arrow/);
    },
    30_000,
  );
});

describe("plain text", () => {
  it("is a row a line, in files that are called text or nothing", async () => {
    for (const name of ["a.txt", "a", "a.md"]) {
      expect(await readContent(name, "第一行\n\n第二行\n")).toEqual([
        { line: 1, value: { text: "第一行" } },
        { line: 3, value: { text: "第二行" } },
      ]);
    }
    for (const [name, content] of [
      ["a.yaml", "a: 1\n"],
      ["a", "\u0089PNG\0\0"],
    ]) {
      await expect(readContent(name, content)).rejects.toThrow(/: is of an unknown kind; expected JSONL/);
    }
  });
});

describe("any bytes", () => {
  it("give records or one sentence with the file", async () => {
    const seeds = [
      "array.json",
      "pretty.jsonl",
      "quote-in-the-middle.csv",
      "nested.parquet",
      "rows.jsonl.zst",
    ].map((name) => readFileSync(fileURLToPath(new URL(`../../fixtures/rows/${name}`, import.meta.url))));
    for (let seed = 1; seed <= 150; seed++) {
      const random = new SeededRandom(seed);
      const bytes = Buffer.from(random.pick([...seeds, gzipSync(seeds[0]), Buffer.alloc(50, '[{"')]));
      const changes = random.integer(1, 8);
      for (let change = 0; change < changes; change++)
        bytes[random.integer(0, bytes.length - 1)] = random.integer(0, 255);
      const cut = bytes.subarray(0, random.integer(1, bytes.length));
      const name = random.pick(["a", "a.json", "a.jsonl", "a.csv", "a.txt", "a.gz"]);
      try {
        for (const record of await readContent(name, cut)) {
          expect((record as { line: number }).line, `seed ${seed}`).toBeGreaterThan(0);
        }
      } catch (error) {
        expect(error, `seed ${seed}`).toMatchObject({ name: "FileError" });
      }
    }
  }, 120_000);
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
