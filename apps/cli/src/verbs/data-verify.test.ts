import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder, writeJsonl } from "../testing/folders.js";
import { runLathe } from "../testing/run-lathe.js";

let folder: string;
let prepared: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  prepared = join(folder, "prepared");
  const rows = Array.from({ length: 60 }, (_, row) => ({
    input: `第${row * 7919}个问题是什么？`,
    output: `答案是${row * 104729}，请您记好。`,
  }));
  const input = await writeJsonl(join(folder, "rows.jsonl"), rows);
  expect((await runLathe(["prepare", "--input", input, "--output", prepared])).code).toBe(0);
});

describe("lathe data verify", () => {
  it("finds no leak in what prepare wrote", async () => {
    const { code, json, stderr } = await runLathe(["data", "verify", prepared, "--json"]);
    expect(code, stderr).toBe(0);
    expect(json).toMatchObject({ leaks: [], changed: [] });
    const text = await runLathe(["data", "verify", prepared, "--language", "zh"]);
    expect(text.code).toBe(0);
    expect(text.stdout).toContain("没有泄漏");
  });

  it("ends with code 1 and lists the pairs: of a file to be added, of a benchmark, of a split that was changed", async () => {
    const [first] = (await readFile(join(prepared, "test.jsonl"), "utf8")).split("\n");
    const more = join(folder, "more.jsonl");
    await writeFile(more, `${first}\n`);
    const added = await runLathe(["data", "verify", prepared, "--add", more, "--json"]);
    expect(added.code).toBe(1);
    expect(added.json).toMatchObject({
      leaks: [
        {
          test: { file: join(prepared, "test.jsonl"), line: 1, text: expect.any(String) },
          train: { file: more, line: 1 },
          similarity: 1,
        },
      ],
    });
    const [learnt] = (await readFile(join(prepared, "train.jsonl"), "utf8")).split("\n");
    const bench = join(folder, "bench.jsonl");
    const { input } = JSON.parse(learnt) as { input: string };
    await writeFile(bench, `${JSON.stringify({ question: input, answer: 42 })}\n`);
    const against = await runLathe(["data", "verify", prepared, "--against", bench]);
    expect(against.code).toBe(1);
    expect(against.stdout).toContain(`1.00  ${bench}:1  ${input}`);
    await appendFile(join(prepared, "train.jsonl"), `${first}\n`);
    const changed = await runLathe(["data", "verify", prepared, "--json"]);
    expect(changed.code).toBe(1);
    expect(changed.json).toMatchObject({
      leaks: [{ similarity: 1 }],
      changed: [join(prepared, "train.jsonl")],
    });
  });

  it("ends with code 1 where a file is not what the manifest says, though no row leaks", async () => {
    const other = join(folder, "other");
    const input = join(folder, "rows.jsonl");
    expect((await runLathe(["prepare", "--input", input, "--output", other])).code).toBe(0);
    const file = join(other, "train.jsonl");
    await appendFile(file, `${JSON.stringify({ input: "昨天买的伞坏了", output: "给您换一把。" })}\n`);
    const { code, json } = await runLathe(["data", "verify", other, "--json"]);
    expect(json).toMatchObject({ leaks: [], changed: [file] });
    expect(code).toBe(1);
    const text = await runLathe(["data", "verify", other]);
    expect(text.code).toBe(1);
    expect(text.stdout).toContain(`changed since lathe prepare wrote it: ${file}`);
  });

  it.each([
    [["nowhere"], "has no train.jsonl"],
    [[], "--folder dir is required"],
    [["nowhere", "--near-duplicates", "2"], "--near-duplicates: expected a number above 0, at most 1, got 2"],
  ])("refuses %j", async (words, message) => {
    const { code, stderr } = await runLathe(["data", "verify", ...words]);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });
});
