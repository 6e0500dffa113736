import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { nearTexts } from "../../testing/near-texts.js";
import { SeededRandom } from "../../testing/seeded-random.js";
import { temporaryFolder } from "../../testing/temporary-folder.js";
import { characterTokenizer, plainTemplate } from "../../testing/tokenizers.js";
import {
  parseRow,
  prepare,
  REJECTION_RULES,
  RowCleaner,
  serializeRow,
  SPLITS,
  splitRows,
  TokenDataset,
  tokenizeRow,
  tokenizeRows,
  type PrepareOptions,
  type PrepareProgress,
} from "../index.js";

const crosswoz = fileURLToPath(new URL("../../fixtures/crosswoz-pairs.jsonl", import.meta.url));

type Json = Record<string, unknown>;

function readJsonLines(...path: string[]): Json[] {
  const text = readFileSync(join(...path), "utf8");
  expect(text === "" || text.endsWith("\n")).toBe(true);
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Json);
}

/** A folder with one input of the given lines and the options to prepare it. */
function setUp(
  lines: readonly (string | Json)[],
  name = "rows.jsonl",
): PrepareOptions & { folder: string; input: string } {
  const folder = temporaryFolder();
  const input = join(folder, name);
  writeFileSync(
    input,
    lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join(""),
  );
  return { folder, input, inputs: [input], output: join(folder, "out"), split: "7:1:2", seed: 1 };
}

const rows = (count: number): Json[] =>
  Array.from({ length: count }, (_, id) => ({ input: `q${id}`, output: `a${id}`, id }));

const snapshot = (folder: string): Record<string, string> =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]));

describe("near copies", () => {
  const question =
    "您好，请问你们的营业时间是几点到几点？周末也开门吗？我想周六下午带孩子过来看看，大约两个大人三个孩子，需要提前订位吗？停车方便吗？附近有没有地铁站，坐几号线比较快？";
  const lines = (): Json[] => {
    const random = new SeededRandom(11);
    return nearTexts(400, random).map((input, id) => ({ input, output: "好的。", id }));
  };
  const pair = (input: string, further: Json = {}): Json => ({
    input,
    output: "早上九点到晚上九点，周末照常营业，欢迎光临。",
    ...further,
  });

  it("are set aside with reason and place, and read is kept and rejected", async () => {
    const options = setUp([
      pair(question, { id: 0 }),
      { input: "另一个问题", output: "另一个回答" },
      pair(`${question}谢谢`, { id: 2 }),
    ]);
    const result = await prepare(options);
    expect(result).toMatchObject({
      read: 3,
      kept: 2,
      rejected: 1,
      clusters: 1,
      rules: { "near-duplicate": 1 },
    });
    expect(readJsonLines(options.output, "rejected.jsonl")).toEqual([
      {
        row: pair(`${question}谢谢`, { id: 2 }),
        reason: expect.stringMatching(
          /^a near copy \(0\.\d\d of its 5-grams\) of the row at .*rows\.jsonl:1$/,
        ) as string,
        file: options.input,
        line: 3,
      },
    ]);
    expect(result.examples["near-duplicate"]).toHaveLength(1);
    expect(readdirSync(options.output).sort()).toEqual([
      "manifest.json",
      "rejected.jsonl",
      "test.jsonl",
      "train.jsonl",
      "validation.jsonl",
    ]);
  });

  it("stay within a dialogue, and everywhere when that is said, in one split, or are not looked for", async () => {
    const copies = Array.from({ length: 12 }, (_, id) =>
      pair(`${question}${"！".repeat(id % 6)}${id}`, { dialogue: id % 6 }),
    );
    const options = setUp([...copies, ...rows(60)]);
    expect(await prepare(options)).toMatchObject({ kept: 62, rejected: 10, clusters: 1 });
    const kept = await prepare({
      ...options,
      output: join(options.folder, "kept"),
      keepNearDuplicates: true,
    });
    expect(kept).toMatchObject({ kept: 72, rejected: 0, clusters: 1 });
    const homes = SPLITS.filter((name) =>
      readJsonLines(options.folder, "kept", `${name}.jsonl`).some(({ dialogue }) => dialogue !== undefined),
    );
    expect(homes).toHaveLength(1);
    const off = await prepare({ ...options, output: join(options.folder, "off"), nearDuplicates: "off" });
    expect(off).toMatchObject({ kept: 72, rejected: 0, clusters: 0 });
  });

  it("are none where rows differ in their tools alone", async () => {
    const dialogue = [
      { role: "user", content: question },
      { role: "assistant", content: "周末也开门。" },
    ];
    const toolsOf = (name: string): Json[] => [{ type: "function", function: { name } }];
    const options = setUp([
      { messages: dialogue },
      { messages: dialogue, tools: toolsOf("f") },
      { messages: dialogue, tools: toolsOf("g") },
      {
        messages: [...dialogue, { role: "user", content: "谢谢" }, ...dialogue.slice(1)],
        tools: toolsOf("f"),
      },
      { messages: dialogue, tools: JSON.stringify(toolsOf("g")) },
    ]);
    const { kept, rules } = await prepare(options);
    expect({ kept, rules }).toMatchObject({ kept: 3, rules: { duplicate: 1, "near-duplicate": 1 } });
  });

  it("lose and invent no row, and a set that grows keeps every row where it was", async () => {
    const all = lines();
    const whole = setUp(all);
    const part = setUp(all.slice(0, 250));
    const [after, before] = [await prepare(whole), await prepare(part)];
    expect(after.rules["near-duplicate"]).toBeGreaterThan(10);
    const idsOf = (folder: string, name: string): unknown[] =>
      readJsonLines(folder, `${name}.jsonl`).map((row) => row.id);
    const rejected = readJsonLines(whole.output, "rejected.jsonl").map(({ row }) => (row as Json).id);
    const everywhere = [...SPLITS.flatMap((name) => idsOf(whole.output, name)), ...rejected];
    expect([...everywhere].sort()).toEqual(all.map(({ id }) => id).sort());
    expect(after.kept + after.rejected).toBe(all.length);
    expect(before.kept + before.rejected).toBe(250);
    for (const name of SPLITS) {
      expect(idsOf(whole.output, name).filter((id) => (id as number) < 250)).toEqual(
        idsOf(part.output, name),
      );
    }
  });

  it("do not count among the tokens", async () => {
    const options = setUp([pair(question), pair(`${question}谢谢`)]);
    const tokenizer = characterTokenizer();
    const tokenized = await prepare({ ...options, tokenizer });
    const one = await prepare({ ...setUp([pair(question)]), tokenizer });
    expect(tokenized.kept).toBe(1);
    expect(tokenized.tokens).toEqual(one.tokens);
  });

  it("keeps all questions on a paragraph, however little of a row a question is, and all of them in one split", async () => {
    const options = setUp([]);
    const context = (paragraph: number): string =>
      Array.from({ length: 200 }, (_, at) => String.fromCodePoint(0x4e00 + paragraph * 200 + at)).join("");
    const paragraphs = Array.from({ length: 20 }, (_, paragraph) => ({
      context: context(paragraph),
      qas: ["首都是哪里？", "人口多吗？", "哪国的？"].map((question, at) => ({
        id: `${paragraph}-${at}`,
        question,
        answers: [{ text: `答${at}` }],
      })),
    }));
    const squad = join(options.folder, "squad.json");
    writeFileSync(squad, JSON.stringify({ version: "1", data: [{ title: "城市", paragraphs }] }));
    const result = await prepare({ ...options, inputs: [squad] });
    expect(result).toMatchObject({ read: 60, kept: 60, rejected: 0 });
    const splitsOf = new Map<unknown, Set<string>>();
    for (const split of ["train", "validation", "test"]) {
      for (const { dialogue } of readJsonLines(options.output, `${split}.jsonl`)) {
        splitsOf.set(dialogue, (splitsOf.get(dialogue) ?? new Set()).add(split));
      }
    }
    expect(splitsOf.size).toBe(20);
    for (const splits of splitsOf.values()) expect(splits.size).toBe(1);
  });

  it.each([0, 2, Number.NaN])("refuse the threshold %d", async (nearDuplicates) => {
    await expect(prepare({ ...setUp(rows(3)), nearDuplicates })).rejects.toThrow(
      /option nearDuplicates: expected a number/,
    );
  });
});

describe("rows that are no file", () => {
  const made = async function* (): AsyncGenerator<Json> {
    for (const row of rows(30)) yield await Promise.resolve(row);
  };

  it.each([
    ["in memory", () => rows(30)],
    ["made one after the other", made],
  ])("%s are prepared as a file of them is", async (_name, source) => {
    const options = setUp(rows(30));
    await prepare(options);
    const output = join(options.folder, "of-memory");
    const totals: number[] = [];
    const result = await prepare({
      ...options,
      inputs: [{ name: "mine", rows: source() }],
      output,
      onProgress: (at) => at.phase === "read" && totals.push(at.totalBytes),
    });
    expect(result).toMatchObject({ read: 30, kept: 30 });
    for (const split of SPLITS) {
      expect(readJsonLines(output, `${split}.jsonl`)).toEqual(
        readJsonLines(options.output, `${split}.jsonl`),
      );
    }
    const manifest = JSON.parse(readFileSync(join(output, "manifest.json"), "utf8")) as Json;
    expect(manifest.inputs).toEqual([{ name: "mine", rows: 30 }]);
    expect(totals.every((total) => total === 0)).toBe(true);
  });

  it("stand beside files, and those that JSON cannot hold are set aside by number", async () => {
    const options = setUp(rows(40));
    const circular: Json = { input: "a" };
    circular.output = circular;
    const odd = [
      { input: "q", output: "a", at: new Date(0) },
      circular,
      undefined,
      { input: "b", output: "c", big: 1n },
      Object.fromEntries([["__proto__", 1]]),
    ];
    const inputs = [options.input, { name: "mine", rows: odd }];
    expect(await prepare({ ...options, inputs, rejectLimit: 1, split: "1:0:0" })).toMatchObject({
      read: 45,
      kept: 41,
    });
    expect(readJsonLines(options.output, "train.jsonl").at(-1)).toMatchObject({
      at: "1970-01-01T00:00:00.000Z",
    });
    const rejected = readJsonLines(options.output, "rejected.jsonl");
    expect(rejected.map(({ file, line }) => [file, line])).toEqual(
      [2, 3, 4, 5].map((line) => ["mine", line]),
    );
    expect(rejected.map(({ reason }) => reason)).toEqual([
      "expected at most 64 levels of lists and objects, got more",
      "expected a row, got undefined",
      expect.stringContaining("expected a row that JSON can hold") as string,
      'expected another key, got "__proto__"',
    ]);
    await expect(
      prepare({ ...options, output: join(options.folder, "none"), inputs: [{ name: "mine", rows: [] }] }),
    ).rejects.toThrow("mine: holds no rows");
  });
});

describe("prepare", () => {
  it("cleans and splits real pairs, keeping dialogues together and accounting for every row", async () => {
    const output = join(temporaryFolder(), "new", "out");
    const result = await prepare({ inputs: [crosswoz], output, split: "7:1:2", seed: 42 });
    expect(result.read).toBe(40);
    expect(result.kept + result.rejected).toBe(40);
    expect(SPLITS.reduce((sum, name) => sum + result.splits[name], 0)).toBe(result.kept);
    expect(Object.keys(result.rules)).toEqual([...new RowCleaner().steps, ...REJECTION_RULES]);
    const homes = new Map<unknown, string>();
    for (const name of SPLITS) {
      const written = readJsonLines(output, `${name}.jsonl`);
      expect(written).toHaveLength(result.splits[name]);
      for (const row of written) {
        expect(Object.keys(row)).toEqual(["input", "output", "dialogue", "turn"]);
        expect(homes.get(row.dialogue) ?? name).toBe(name);
        homes.set(row.dialogue, name);
      }
    }
    expect(readJsonLines(output, "rejected.jsonl")).toHaveLength(result.rejected);
    expect(readdirSync(output).sort()).toEqual([
      "manifest.json",
      "rejected.jsonl",
      "test.jsonl",
      "train.jsonl",
      "validation.jsonl",
    ]);
  });

  it("writes no personal data anywhere in the folder, and counts them", async () => {
    const secret = "13812345678";
    const options = setUp([
      { input: `打${secret}`, output: "好的" },
      { input: `再打${secret}`, output: "" },
      { input: `又打${secret}`, title: "没有" },
      `{"input": "打${secret}`,
      ...rows(60),
    ]);
    const result = await prepare(options);
    expect(result.personalData).toMatchObject({ phone: 2, email: 0 });
    expect(result.rules["personal-data"]).toBe(2);
    for (const [name, text] of Object.entries(snapshot(options.output)))
      expect(text, name).not.toContain(secret);
    const manifest = JSON.parse(readFileSync(join(options.output, "manifest.json"), "utf8")) as {
      config: { cleaning: Json };
    };
    expect(manifest.config.cleaning.personalData).toEqual({ action: "mask", allowed: 0, reversible: false });
  });

  it("reads the rows twice for boilerplate, and takes it out", async () => {
    const options = setUp(
      rows(30).map((row) => ({ ...row, output: `您好，很高兴为您服务！${String(row.output)}` })),
    );
    const cleaning = { steps: [{ step: "boilerplate", rows: 20 }] } as const;
    expect(await prepare({ ...options, cleaning, split: "1:0:0" })).toMatchObject({
      rules: { boilerplate: 30 },
    });
    expect(readJsonLines(options.output, "train.jsonl").map(({ output }) => output)).toEqual(
      rows(30).map(({ output }) => output),
    );
    const once = (function* () {
      yield* rows(3);
    })();
    await expect(
      prepare({
        ...options,
        cleaning,
        output: join(options.folder, "once"),
        inputs: [{ name: "mine", rows: once }],
      }),
    ).rejects.toThrow("rows that can be read twice, as the step boilerplate needs");
  });

  it("sets a file of a folder aside that holds no row at all, and refuses it where it was named", async () => {
    const { folder, input: _input, ...options } = setUp([]);
    const data = join(folder, "data");
    mkdirSync(data);
    writeFileSync(
      join(data, "a.jsonl"),
      rows(20)
        .map((row) => `${JSON.stringify(row)}\n`)
        .join(""),
    );
    const table = join(data, "requests.csv");
    writeFileSync(table, `instruction,category\n${"wo ist es?,WHERE\n".repeat(500)}`);
    const result = await prepare({ ...options, inputs: [data] });
    expect(result).toMatchObject({ read: 520, kept: 20, rejected: 500, rules: { invalid: 500 } });
    expect(result.examples.invalid[0]).toMatchObject({ file: table, line: 2 });
    const named = { ...options, output: join(folder, "named"), inputs: [join(data, "a.jsonl"), table] };
    await expect(prepare(named)).rejects.toThrow("500 of 520 rows cannot be used");
    await expect(prepare({ ...named, inputs: [join(data, "*.csv")] })).rejects.toThrow(
      "500 of 500 rows cannot be used",
    );
    // Some rows that are none among others count, wherever the file lies.
    const mixed = `${'{"instruction":"a"}\n'.repeat(20)}{"instruction":"b","output":"c"}\n`;
    writeFileSync(join(data, "b.jsonl"), mixed);
    await expect(prepare({ ...named, inputs: [data] })).rejects.toThrow("rows cannot be used");
  });

  it("sets rows aside with reason, file and line, and goes on", async () => {
    const options = setUp([
      ...rows(60),
      '{"input": broken',
      { question: "no shape" },
      { input: "q0", output: " a0 " },
      { input: "", output: "b" },
      { input: "long", output: "x".repeat(60) },
    ]);
    const result = await prepare({ ...options, cleaning: { maximumCharacters: 50 } });
    expect(result).toMatchObject({ read: 65, kept: 60, rejected: 5 });
    expect(result.rules).toMatchObject({
      malformed: 1,
      invalid: 1,
      duplicate: 1,
      empty: 1,
      "too-long": 1,
      "white-space": 1,
      "too-short": 0,
    });
    const file = options.input;
    expect(readJsonLines(options.output, "rejected.jsonl")).toEqual([
      { row: '{"input": broken', reason: expect.stringMatching(/^not valid JSON/) as string, file, line: 61 },
      {
        row: { question: "no shape" },
        reason: expect.stringMatching(/^expected one of the shapes/) as string,
        file,
        line: 62,
      },
      { row: { input: "q0", output: " a0 " }, reason: "the same row came before", file, line: 63 },
      { row: { input: "", output: "b" }, reason: "the input is empty", file, line: 64 },
      {
        row: { input: "long", output: "x".repeat(60) },
        reason: "the row has 64 characters, more than 50",
        file,
        line: 65,
      },
    ]);
    expect(result.examples.malformed).toEqual([
      { file, line: 61, before: '{"input": broken', reason: expect.any(String) as string },
    ]);
    expect(result.examples["white-space"]).toEqual([{ file, line: 63, before: " a0 ", after: "a0" }]);
  });

  it("splits as splitRows does", async () => {
    const random = new SeededRandom(11);
    const source = rows(300).map((row) => ({ ...row, dialogue: random.integer(0, 40) }));
    const options = setUp(source);
    await prepare({ ...options, split: "3:1:1", seed: 9 });
    const expected = splitRows(
      source.map((row) => parseRow(row)),
      { split: "3:1:1", seed: 9 },
    );
    for (const name of SPLITS)
      expect(readJsonLines(options.output, `${name}.jsonl`)).toEqual(expected[name].map(serializeRow));
  });

  it("writes the same bytes again, and others for another seed", async () => {
    const options = setUp(rows(100));
    const again = { ...options, output: join(options.folder, "again") };
    const other = { ...options, output: join(options.folder, "other"), seed: 2 };
    for (const run of [options, again, other])
      await prepare({ ...run, tokenizer: characterTokenizer(plainTemplate) });
    expect(snapshot(again.output)).toEqual(snapshot(options.output));
    expect(snapshot(other.output)["train.jsonl"]).not.toBe(snapshot(options.output)["train.jsonl"]);
  });

  it("records inputs, outputs, configuration and counts in the manifest", async () => {
    const options = setUp(rows(20));
    const { rules, splits } = await prepare({
      ...options,
      split: { train: 1, validation: 0, test: 1 },
      tokenizer: characterTokenizer(),
    });
    const manifest = JSON.parse(readFileSync(join(options.output, "manifest.json"), "utf8")) as {
      inputs: unknown;
      outputs: Record<string, { rows: number; bytes: number; sha256: string }>;
    };
    const sha256 = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");
    expect(manifest).toMatchObject({
      format: "lathe-prepared-data",
      version: 1,
      config: { seed: 1, split: { train: 1, validation: 0, test: 1 }, rejectLimit: 0.05 },
      inputs: [{ file: options.input, bytes: statSync(options.input).size, sha256: sha256(options.input) }],
      read: 20,
      kept: 20,
      rules,
      splits,
    });
    expect(Object.keys(manifest.outputs).sort()).toEqual(
      readdirSync(options.output).filter((name) => name !== "manifest.json"),
    );
    for (const [name, { bytes, sha256: hash, rows: count }] of Object.entries(manifest.outputs)) {
      const path = join(options.output, name);
      expect([name, statSync(path).size, sha256(path)]).toEqual([name, bytes, hash]);
      if (name.endsWith(".jsonl")) expect(readJsonLines(path)).toHaveLength(count);
    }
  });

  it("reads CSV and several files, and renames keys", async () => {
    const options = setUp([{ question: "q", answer: "a" }]);
    const csv = join(options.folder, "more.csv");
    writeFileSync(csv, "question,answer,category\nr,b,c\n");
    const result = await prepare({
      ...options,
      inputs: [options.input, csv],
      split: "1:0:0",
      map: { input: "question", output: "answer" },
    });
    expect(result.splits).toEqual({ train: 2, validation: 0, test: 0 });
    expect(readJsonLines(options.output, "train.jsonl")).toEqual([
      { input: "q", output: "a" },
      { input: "r", output: "b", category: "c" },
    ]);
  });

  it("lists questions that are answered in several ways, with the places of the answers", async () => {
    const options = setUp([
      { input: "When do you open?", output: "At nine in the morning." },
      { input: "Where are you?", output: "In the market street." },
      { input: "When do you open?", output: "At ten, but on Sundays." },
      { input: "When do you open?", output: "At nine in the morning." },
      { input: "When do you open?", output: "We never close." },
    ]);
    const { contradictions } = await prepare({ ...options, nearDuplicates: "off" });
    const place = { file: options.input };
    expect(contradictions).toEqual({
      questions: 1,
      rows: 3,
      examples: [
        {
          question: "When do you open?",
          answers: [
            { ...place, line: 1, answer: "At nine in the morning." },
            { ...place, line: 3, answer: "At ten, but on Sundays." },
            { ...place, line: 5, answer: "We never close." },
          ],
        },
      ],
    });
    const manifest = JSON.parse(readFileSync(join(options.output, "manifest.json"), "utf8")) as object;
    expect(manifest).toMatchObject({ contradictions });
  });

  it("refuses a column for two keys", async () => {
    const options = setUp([{ question: "q", answer: "a" }]);
    await expect(prepare({ ...options, map: { input: "question", output: "question" } })).rejects.toThrow(
      "option map: expected a column for one key each",
    );
  });

  it("refuses a rename onto a key that the row has", async () => {
    const options = setUp([{ question: "q", input: "x", output: "a" }]);
    await expect(prepare({ ...options, map: { input: "question" } })).rejects.toThrow(
      /key "input": another key is renamed to this one/,
    );
  });

  it("reports progress up to the whole", async () => {
    const options = setUp(rows(2500));
    const reports: PrepareProgress[] = [];
    await prepare({ ...options, onProgress: (progress) => reports.push(progress) });
    const bytes = statSync(options.input).size;
    expect(reports).toContainEqual({ phase: "read", bytes, totalBytes: bytes, read: 2500, kept: 2500 });
    expect(reports.at(-1)).toEqual({ phase: "write", written: 2500, kept: 2500 });
    expect(reports.length).toBeGreaterThan(4);
  });
});

describe("prepare with a tokenizer", () => {
  it("writes token files row for row those of the splits", async () => {
    const tokenizer = characterTokenizer(plainTemplate);
    const options = setUp(rows(50));
    const hashes = { tokenizerHash: "t", templateHash: "c" };
    const result = await prepare({ ...options, tokenizer, tokenizerHashes: hashes, maxTokens: 8 });
    let tokens = 0;
    for (const name of SPLITS) {
      const dataset = await TokenDataset.open(join(options.output, `${name}.arrow`));
      expect(dataset.metadata).toEqual({ ...hashes, maxTokens: 8, lossOn: "all", reasoning: "keep" });
      const expected = readJsonLines(options.output, `${name}.jsonl`).map((row) =>
        tokenizeRow(parseRow(row), tokenizer, { maxTokens: 8 }),
      );
      expect([...dataset]).toEqual(expected.map(({ inputIds, labels }, row) => ({ inputIds, labels, row })));
      tokens += expected.reduce((sum, { inputIds }) => sum + inputIds.length, 0);
    }
    expect(result.tokens).toMatchObject({ tokens, unlabelledTurns: 0 });
    expect(readdirSync(options.output).filter((name) => name.startsWith("kept"))).toEqual([]);
  });

  it("keeps a dialogue that falls into several rows in one split, and its weight; counts its reasoning", async () => {
    const tokenizer = characterTokenizer(plainTemplate);
    const dialogue = (name: string, weight: number) => ({
      messages: [1, 2, 3].flatMap((turn) => [
        { role: "user", content: `${name}${turn}` },
        { role: "assistant", content: `<think>x</think>${turn}` },
      ]),
      weight,
    });
    const options = setUp([
      dialogue("a", 0.5),
      { input: "q", output: "r" },
      dialogue("b", 2),
      dialogue("c", 3),
    ]);
    const learnt = { maxTokens: 20, overlong: "split-turns", reasoning: "mask" } as const;
    const result = await prepare({ ...options, nearDuplicates: "off", split: "1:1:1", tokenizer, ...learnt });
    expect(result.kept).toBe(4);
    let turns = 0;
    for (const name of SPLITS) {
      const dataset = await TokenDataset.open(join(options.output, `${name}.arrow`));
      const expected = readJsonLines(options.output, `${name}.jsonl`).flatMap((value, row) =>
        tokenizeRows(parseRow(value), tokenizer, learnt).map((part) => ({ ...part, row })),
      );
      expect([...dataset].map(({ weight = 1, ...rest }) => ({ ...rest, weight }))).toEqual(
        expected.map(({ inputIds, labels, row, weight }) => ({ inputIds, labels, row, weight })),
      );
      turns += expected.reduce((sum, part) => sum + part.reasoningTurns, 0);
      expect(result.tokens?.reasoningTurns[name]).toBe(
        expected.reduce((sum, part) => sum + part.reasoningTurns, 0),
      );
    }
    expect(turns).toBe(9);
    expect(result.tokens).toMatchObject({ splitRows: 3, truncatedRows: 0 });
    const manifest = JSON.parse(readFileSync(join(options.output, "manifest.json"), "utf8")) as object;
    expect(manifest).toMatchObject({ config: { ...learnt, lossOn: "all" } });
  });

  it("ends, where that is asked for, at the first row that is too long", async () => {
    const options = setUp([
      { input: "q", output: "a" },
      { input: "q", output: "a".repeat(50) },
    ]);
    const tokenizer = characterTokenizer(plainTemplate);
    await expect(prepare({ ...options, tokenizer, maxTokens: 20, overlong: "error" })).rejects.toThrow(
      `${options.input}:2: the row has 55 tokens, more than the limit of 20`,
    );
    expect(existsSync(options.output)).toBe(false);
  });

  it("sets aside rows whose reply begins after the limit, and counts those it cut", async () => {
    const options = setUp([
      { input: "q", output: "a".repeat(50) },
      { input: "q".repeat(50), output: "a" },
    ]);
    const result = await prepare({
      ...options,
      split: "1:0:0",
      tokenizer: characterTokenizer(plainTemplate),
      maxTokens: 20,
    });
    expect(result).toMatchObject({
      kept: 1,
      rejected: 1,
      rules: { "too-many-tokens": 1 },
      tokens: { tokens: 20, truncatedRows: 1 },
    });
    expect(readJsonLines(options.output, "rejected.jsonl")).toMatchObject(
      [{ line: 2, reason: /limit of 20/ }].map((want) => ({
        ...want,
        reason: expect.stringMatching(want.reason) as string,
      })),
    );
  });
});

describe("prepare stops and writes nothing", () => {
  /** Runs prepare, expects it to fail with an error of the user's, and expects no trace of it. */
  async function expectRefusal(
    options: PrepareOptions & { folder: string },
    message: RegExp | string,
    extra: Partial<PrepareOptions> = {},
  ): Promise<void> {
    const before = readdirSync(options.folder).sort();
    const marked = expect.objectContaining({ [Symbol.for("@lathe/input-error")]: true }) as Error;
    const run = (): Promise<unknown> => prepare({ ...options, ...extra });
    await expect(run()).rejects.toThrow(message);
    await expect(run()).rejects.toThrow(marked);
    expect(readdirSync(options.folder).sort()).toEqual(before);
  }

  it("when more than 5 % of the rows are malformed or of no shape, naming the first", async () => {
    const options = setUp([...rows(18), "{", { txt: 1 }]);
    await expectRefusal(
      options,
      /^2 of 20 rows cannot be used, more than the limit of 5 %; nothing was written/,
    );
    await expectRefusal(
      options,
      /rows\.jsonl:19: not valid JSON.*\n.*rows\.jsonl:20: expected one of the shapes/,
    );
    await expectRefusal({ ...options, output: join(options.folder, "a", "b", "c") }, /cannot be used/);
    expect(await prepare({ ...options, rejectLimit: 0.1 })).toMatchObject({ kept: 18, rejected: 2 });
  });

  it("but not for exactly 5 %, nor for rows that cleaning rejects", async () => {
    expect(await prepare(setUp([...rows(19), "{"]))).toMatchObject({ kept: 19, rejected: 1 });
    expect(await prepare(setUp([...rows(5), ...rows(5), { input: "", output: "" }]))).toMatchObject({
      kept: 5,
      rejected: 6,
    });
  });

  it("for inputs that are missing, empty, folders of nothing or not what they are called", async () => {
    const options = setUp(rows(3));
    const file = (name: string, content: string): string => {
      writeFileSync(join(options.folder, name), content);
      return join(options.folder, name);
    };
    mkdirSync(join(options.folder, "folder.jsonl"));
    await expectRefusal(options, /none\.jsonl: no such file/, {
      inputs: [options.input, join(options.folder, "none.jsonl")],
    });
    await expectRefusal(options, /empty\.jsonl: is empty/, {
      inputs: [options.input, file("empty.jsonl", "")],
    });
    await expectRefusal(options, /blank\.jsonl: holds no rows/, { inputs: [file("blank.jsonl", "\n\n")] });
    await expectRefusal(options, /header\.csv: holds no rows/, {
      inputs: [file("header.csv", "input,output\n")],
    });
    await expectRefusal(options, /folder\.jsonl: is a folder without a file of rows/, {
      inputs: [join(options.folder, "folder.jsonl")],
    });
    await expectRefusal(options, /rows\.parquet: cannot be read as Parquet/, {
      inputs: [file("rows.parquet", "x")],
    });
  });

  it("when no row is left", async () => {
    await expectRefusal(
      setUp([
        { input: "", output: "a" },
        { input: " ", output: "" },
      ]),
      /leaves no row to keep: 2 read, all set aside \(.*empty 2\)/,
    );
  });

  it("for options that cannot be", async () => {
    const options = setUp(rows(3));
    await expectRefusal(options, /option split/, { split: "7:3" });
    await expectRefusal(options, /option seed/, { seed: 1.5 });
    await expectRefusal(options, /option rejectLimit: expected a share from 0 to 1, got 5/, {
      rejectLimit: 5,
    });
    await expectRefusal(options, /option inputs/, { inputs: [] });
    await expectRefusal(options, /option maxTokens/, { maxTokens: 0 });
    await expectRefusal(options, /option cleaning/, { cleaning: { maximumCharacters: -1 } });
  });

  it("when it is aborted", async () => {
    const options = setUp(rows(5000));
    const controller = new AbortController();
    const onProgress = (): void => controller.abort(new Error("stopped by hand"));
    await expect(prepare({ ...options, onProgress, signal: controller.signal })).rejects.toThrow(
      "stopped by hand",
    );
    expect(readdirSync(options.folder)).toEqual(["rows.jsonl"]);
  });

  it("when the tokenizer breaks, whose error is passed on", async () => {
    const options = setUp(rows(5));
    const tokenizer = {
      ...characterTokenizer(),
      encode: () => {
        throw new TypeError("broken tokenizer");
      },
    };
    await expect(prepare({ ...options, tokenizer })).rejects.toThrow(new TypeError("broken tokenizer"));
    expect(readdirSync(options.folder)).toEqual(["rows.jsonl"]);
  });
});

describe("an output folder that exists", () => {
  it("is taken when empty and otherwise replaced only on request", async () => {
    const options = setUp(rows(10));
    mkdirSync(options.output);
    await prepare(options);
    const before = snapshot(options.output);
    await expect(prepare({ ...options, seed: 2 })).rejects.toThrow(
      "got one with files in it; name another one or allow overwriting",
    );
    expect(snapshot(options.output)).toEqual(before);
    await prepare({ ...options, seed: 2, overwrite: true });
    expect(snapshot(options.output)["manifest.json"]).toContain('"seed": 2');
    expect(readdirSync(options.folder).sort()).toEqual(["out", "rows.jsonl"]);
  });

  it("stays as it was when a replacement fails", async () => {
    const options = setUp(rows(10));
    await prepare(options);
    const before = snapshot(options.output);
    writeFileSync(options.input, "{\n");
    await expect(prepare({ ...options, overwrite: true })).rejects.toThrow("cannot be used");
    expect(snapshot(options.output)).toEqual(before);
  });

  it("is never replaced when prepare did not make it, or it holds more", async () => {
    const options = { ...setUp(rows(10)), overwrite: true };
    mkdirSync(options.output);
    const mine = join(options.output, "thesis.txt");
    writeFileSync(mine, "years of work");
    for (const manifest of [undefined, "{}", "no JSON", '{"format":"lathe-prepared-data"}', "[]"]) {
      if (manifest !== undefined) writeFileSync(join(options.output, "manifest.json"), manifest);
      await expect(prepare(options)).rejects.toThrow("got one without a manifest.json of prepare");
    }
    writeFileSync(join(options.output, "manifest.json"), '{"format":"lathe-prepared-data","outputs":{}}');
    await expect(prepare(options)).rejects.toThrow("got one that also holds thesis.txt");
    expect(readFileSync(mine, "utf8")).toBe("years of work");
  });

  it("is refused when it is a file, or holds an input", async () => {
    const options = { ...setUp(rows(10)), overwrite: true };
    await expect(prepare({ ...options, output: options.input })).rejects.toThrow("got a file; name a folder");
    await prepare(options);
    const inside = join(options.output, "train.jsonl");
    await expect(prepare({ ...options, inputs: [inside] })).rejects.toThrow(`got one that holds ${inside}`);
    expect(existsSync(inside)).toBe(true);
  });
});

describe("rows of preferences", () => {
  const say = (role: string, content: string): Json => ({ role, content });

  it("are cleaned, deduplicated and split like others, and stay what they were", async () => {
    const lines = [
      { prompt: "q\u200b1", chosen: "good  \t one", rejected: "bad one", id: 1 },
      { prompt: "q1", chosen: "good one", rejected: "bad one", id: 2 },
      {
        chosen: [say("user", "q2"), say("assistant", "a")],
        rejected: [say("user", "q2"), say("assistant", "b")],
      },
      { prompt: [say("user", "q3")], completion: [say("assistant", "a")], label: false },
      { prompt: "q4", completion: "a", label: true },
      { prompt_ids: [1], chosen_ids: [2], rejected_ids: [3] },
      { prompt_ids: [1], completion_ids: [2], label: true },
      { prompt: "q5", chosen: "", rejected: "b" },
      { prompt: "q6", chosen: "a", rejected: [say("assistant", "b")] },
      { chosen: "a", rejected: "b" },
    ];
    const { folder: _folder, input: _input, ...options } = setUp(lines);
    const result = await prepare({ ...options, split: "1:0:0", rejectLimit: 1 });
    expect(result).toMatchObject({ read: 10, kept: 6, rules: { invalid: 2, duplicate: 1, empty: 1 } });
    const kept = readJsonLines(options.output, "train.jsonl");
    expect(kept[0]).toEqual({ prompt: "q1", chosen: "good one", rejected: "bad one", id: 1 });
    expect(kept[1]).toEqual({
      prompt: [say("user", "q2")],
      chosen: [say("assistant", "a")],
      rejected: [say("assistant", "b")],
    });
    expect(kept.slice(2)).toEqual(lines.slice(3, 7));
    for (const line of kept) expect(serializeRow(parseRow(line))).toEqual(line);
    const rejected = readJsonLines(options.output, "rejected.jsonl").map(({ reason }) => reason);
    expect(rejected).toEqual(expect.arrayContaining([expect.stringContaining('key "rejected"')]));
    expect(rejected).toEqual(expect.arrayContaining([expect.stringContaining('key "prompt": missing')]));
  });

  it("have no token files: with a tokenizer they are set aside, and it is said why", async () => {
    const {
      folder: _folder,
      input: _input,
      ...options
    } = setUp([{ prompt: "q", chosen: "a", rejected: "b" }]);
    const tokenizer = characterTokenizer();
    await expect(prepare({ ...options, tokenizer })).rejects.toThrow("prepare it without a model");
  });
});
