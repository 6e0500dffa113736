import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseRow, readPersonalDataKey, restorePersonalData, TokenDataset } from "@lathe/data";
import { beforeAll, describe, expect, it } from "vitest";
import { storiesModel, temporaryFolder, writeJsonl } from "../testing/folders.js";
import { runLathe } from "../testing/run-lathe.js";

let folder: string;
let input: string;
const rows = Array.from({ length: 40 }, (_, row) => ({
  instruction: `Where is cat number ${row}?`,
  output: `Cat number ${row} is here.`,
  dialogue: `d${row % 10}`,
}));

beforeAll(async () => {
  folder = await temporaryFolder();
  input = await writeJsonl(join(folder, "rows.jsonl"), [...rows, rows[0]]);
});

const linesOf = async (...path: string[]): Promise<Record<string, unknown>[]> =>
  (await readFile(join(...path), "utf8"))
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

describe("lathe prepare", () => {
  it("gives what the contract says, and writes it", async () => {
    const output = join(folder, "out");
    const { code, json, stdout } = await runLathe([
      "prepare",
      "--input",
      input,
      "--output",
      output,
      "--split",
      "7:1:2",
      "--seed",
      "3",
      "--json",
    ]);
    expect(code).toBe(0);
    expect(stdout.trimEnd().split("\n")).toHaveLength(1);
    expect(Object.keys(json!).slice(0, 7)).toEqual([
      "read",
      "kept",
      "rejected",
      "rules",
      "personalData",
      "clusters",
      "splits",
    ]);
    expect(json).toMatchObject({
      read: 41,
      kept: 40,
      rejected: 1,
      rules: { duplicate: 1, malformed: 0 },
      clusters: 0,
      splits: { train: 32, validation: 4, test: 4 },
    });
    expect((await readdir(output)).sort()).toEqual([
      "manifest.json",
      "rejected.jsonl",
      "test.jsonl",
      "train.jsonl",
      "validation.jsonl",
    ]);
    const train = await linesOf(output, "train.jsonl");
    const dialogues = (list: Record<string, unknown>[]) => new Set(list.map((row) => row["dialogue"]));
    expect(train).toHaveLength(32);
    expect(dialogues(train).size).toBe(8);
    const shared = [...dialogues(await linesOf(output, "test.jsonl"))].filter((name) =>
      dialogues(train).has(name),
    );
    expect(shared).toEqual([]);
    expect(await linesOf(output, "rejected.jsonl")).toEqual([
      { row: rows[0], reason: expect.any(String), file: input, line: 41 },
    ]);
  });

  it("tokenises with a model, reads several files, and shows tables", async () => {
    const csv = join(folder, "more.csv");
    await writeFile(csv, "question,answer\nWho?,Tom.\nWhen?,Now.\n");
    const output = join(folder, "tokens");
    const { code, stdout, stderr } = await runLathe([
      ...["prepare", "--input", input, csv, "--output", output, "--model", storiesModel],
      ...["--map", "instruction=question,output=answer", "--disable", "duplicate", "--max-tokens", "64"],
    ]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/read +43\nkept +43\n/);
    expect(stdout).toContain("scored");
    const tokens = await TokenDataset.open(join(output, "train.arrow"));
    expect(tokens.length).toBe((await linesOf(output, "train.jsonl")).length);
  });

  it("runs the steps that are listed, from a config file with their settings", async () => {
    const file = await writeJsonl(join(folder, "raw.jsonl"), [
      { input: "用户：<b>多少钱</b>", output: "客服：您好，很高兴为您服务！１０元，见https://a.com/b 。" },
      { input: "用户：在哪", output: "客服：您好，很高兴为您服务！后臺。" },
      { input: "where", output: "here" },
    ]);
    const config = join(folder, "prepare.yaml");
    await writeFile(
      config,
      [
        "split: '1:0:0'",
        "steps:",
        "  - html",
        "  - { step: chinese, to: simplified }",
        "  - urls",
        "  - speaker-prefixes",
        "  - { step: boilerplate, rows: 2 }",
        "  - { step: language, scripts: [zh], share: 0.6 }",
      ].join("\n"),
    );
    const output = join(folder, "steps");
    const words = ["prepare", "--input", file, "--output", output, "--config", config, "--json"];
    const { json, stderr } = await runLathe(words);
    expect(json, stderr).toMatchObject({
      read: 3,
      kept: 2,
      rules: { html: 1, chinese: 1, urls: 1, "speaker-prefixes": 2, boilerplate: 2, language: 1 },
    });
    expect(await linesOf(output, "train.jsonl")).toEqual([
      { input: "多少钱", output: "１０元，见[链接] 。" },
      { input: "在哪", output: "后台。" },
    ]);
    expect(await linesOf(output, "rejected.jsonl")).toMatchObject([{ line: 3, reason: expect.any(String) }]);
    await writeFile(config, "steps: [{ step: language, share: 2 }]");
    const refused = await runLathe([...words.slice(0, 4), join(folder, "none"), ...words.slice(5)]);
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.stderr).toContain("--steps: expected a share from 0 to 1, got 2");
  });

  it("masks personal data, keeps what is public, and can undo it with the key", async () => {
    const file = await writeJsonl(join(folder, "personal.jsonl"), [
      { input: "酒店电话多少", output: "010-69781680" },
      { input: "我的手机13812345678", output: "好的，13812345678" },
    ]);
    const allow = join(folder, "public.txt");
    await writeFile(allow, "# 酒店\n（010）6978 1680\n");
    const key = join(folder, "personal.key");
    const output = join(folder, "personal");
    const words = ["prepare", "--input", file, "--output", output, "--split", "1:0:0", "--allow", allow];
    const { code, stdout, stderr } = await runLathe([...words, "--personal-data-key", key]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/personal data masked[\s─]+phone numbers +2\n/);
    expect((await stat(key)).mode & 0o777).toBe(0o600);
    const [hotel, mine] = await linesOf(output, "train.jsonl");
    expect(hotel).toEqual({ input: "酒店电话多少", output: "010-69781680" });
    expect(mine).toEqual({
      input: "我的手机[电话1]",
      output: "好的，[电话1]",
      personal_data: expect.any(String),
    });
    expect(restorePersonalData(parseRow(mine), await readPersonalDataKey(key))).toMatchObject({
      input: "我的手机13812345678",
      output: "好的，13812345678",
    });

    const dropped = [...words.slice(0, 4), join(folder, "dropped"), "--personal-data", "drop", "--json"];
    const refused = await runLathe(dropped);
    expect(refused.stderr).toContain("2 read, all set aside (personal-data 2)");
    const within = await runLathe([...words, "--overwrite", "--personal-data-key", join(output, "key")]);
    expect(within.stderr).toContain("--personal-data-key: expected a file outside of");
    expect(within.code).toBe(2);
  });

  it("sets a malformed line aside, and stops when there are too many", async () => {
    const lines = [...rows.map((row) => JSON.stringify(row)), '{"instruction": "a", '];
    const file = join(folder, "malformed.jsonl");
    await writeFile(file, lines.join("\n"));
    const output = join(folder, "malformed");
    const { json } = await runLathe(["prepare", "--input", file, "--output", output, "--json"]);
    expect(json).toMatchObject({ read: 41, kept: 40, rejected: 1, rules: { malformed: 1 } });
    expect(await linesOf(output, "rejected.jsonl")).toEqual([
      { row: '{"instruction": "a", ', reason: expect.stringContaining("not valid JSON"), file, line: 41 },
    ]);

    await writeFile(file, lines.slice(-10).join("\n"));
    const refused = join(folder, "refused");
    const { code, stderr } = await runLathe(["prepare", "--input", file, "--output", refused]);
    expect(code).toBe(2);
    expect(stderr).toContain(`${file}:10: not valid JSON`);
    await expect(stat(refused)).rejects.toThrow("ENOENT");
  });

  it("learns from the columns that --map names, of files in a folder", async () => {
    const rawFolder = join(folder, "raw");
    await mkdir(rawFolder);
    await writeFile(join(rawFolder, "一.csv"), "标题;正文\n你好;您好\n再见;再见了\n");
    await writeFile(join(rawFolder, "二.json"), '[\n{"标题": "在吗", "正文": "在的"}\n]');
    const output = join(folder, "mapped");
    const words = ["prepare", "--input", rawFolder, "--output", output, "--split", "1:0:0", "--json"];
    const { code, json, stderr } = await runLathe([...words, "--map", "prompt=标题,completion=正文"]);
    expect(code, stderr).toBe(0);
    expect(json).toMatchObject({ read: 3, kept: 3 });
    expect(await linesOf(output, "train.jsonl")).toEqual([
      { prompt: "你好", completion: "您好" },
      { prompt: "再见", completion: "再见了" },
      { prompt: "在吗", completion: "在的" },
    ]);
  });

  it.each([
    [["--map", "a"], "--map: expected keys and columns such as prompt=问题,completion=回答, got"],
    [["--split", "7:1"], "option --split: expected three weights"],
    [["--input", "nowhere.jsonl"], "nowhere.jsonl"],
    [["--disable", "duplicates"], "--disable: expected a list, each one of mojibake"],
    [["--steps", "html,markdown"], "--steps: expected a list, each one of mojibake"],
    [["--steps", "html,html"], '--steps: expected every step once, got "html"'],
    [["--min-output-characters", "-1"], "--min-output-characters: expected a whole number from 0, got -1"],
    [["--model", "nowhere"], "nowhere"],
    [
      ["--near-duplicates", "on"],
      '--near-duplicates: expected a number above 0, at most 1, or off, got "on"',
    ],
    [
      ["--near-duplicates", "1.5"],
      "--near-duplicates: expected a number above 0, at most 1, or off, got 1.5",
    ],
    [["--map", "a"], "--map: expected keys and columns such as prompt=问题,completion=回答, got"],
  ])("refuses %j and writes nothing", async (words, message) => {
    const output = join(folder, "nothing");
    const { code, stderr } = await runLathe(["prepare", "--input", input, "--output", output, ...words]);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
    await expect(stat(output)).rejects.toThrow("ENOENT");
  });

  it("replaces only what it made, and only when that is said", async () => {
    const output = join(folder, "again");
    const words = ["prepare", "--input", input, "--output", output];
    expect((await runLathe(words)).code).toBe(0);
    expect((await runLathe(words)).code).toBe(2);
    expect((await runLathe([...words, "--overwrite"])).code).toBe(0);
    await writeFile(join(output, "notes.txt"), "mine");
    expect((await runLathe([...words, "--overwrite"])).code).toBe(2);
    expect(await readFile(join(output, "notes.txt"), "utf8")).toBe("mine");
  });
});
