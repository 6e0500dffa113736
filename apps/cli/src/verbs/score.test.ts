import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { loraFixture, storiesModel, temporaryFolder, tinyModel, writeJsonl } from "../testing/folders.js";
import { runLathe } from "../testing/run-lathe.js";

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});

/** The rows that Transformers scored, without their padding. */
async function recorded(model: "qwen2" | "llama" | "qwen3") {
  const expected = JSON.parse(await readFile(join(tinyModel(model), "expected.json"), "utf8"));
  const rows = (expected.input_ids as number[][]).map((ids, row) => {
    const length = expected.attention_mask[row].filter((one: number) => one === 1).length;
    return { input_ids: ids.slice(0, length), labels: expected.labels[row].slice(0, length) };
  });
  return { rows, loss: expected.loss as number };
}

describe("lathe score", () => {
  it.each(["qwen2", "llama", "qwen3"] as const)("gives Transformers' loss of %s", async (model) => {
    const { rows, loss } = await recorded(model);
    const data = await writeJsonl(join(folder, `${model}.jsonl`), rows);
    const { code, json, stdout } = await runLathe([
      "score",
      "--model",
      tinyModel(model),
      "--data",
      data,
      "--precision",
      "fp32",
      "--json",
    ]);
    expect(code).toBe(0);
    expect(stdout.trimEnd().split("\n")).toHaveLength(1);
    const score = json as {
      loss: number;
      perplexity: number;
      tokens: number;
      rows: { loss: number; tokens: number }[];
    };
    expect(Math.abs(score.loss - loss) / loss).toBeLessThan(1e-5);
    expect(score.perplexity).toBeCloseTo(Math.exp(score.loss), 9);
    expect(score.rows.map(({ tokens }) => tokens)).toEqual(
      rows.map(({ labels }) => labels.slice(1).filter((label: number) => label !== -100).length),
    );
    expect(score.tokens).toBe(score.rows.reduce((sum, { tokens }) => sum + tokens, 0));
    const sum = score.rows.reduce((total, row) => total + row.loss * row.tokens, 0);
    expect(sum / score.tokens).toBeCloseTo(score.loss, 9);
  });

  it("keeps rows without labels in their places", async () => {
    const { rows } = await recorded("qwen2");
    const silent = { input_ids: [1, 2, 3], labels: [-100, -100, -100] };
    const data = await writeJsonl(join(folder, "silent.jsonl"), [
      ...[silent, rows[0], { input_ids: [], labels: [] }, { input_ids: [5], labels: [5] }],
    ]);
    const { json } = await runLathe([
      "score",
      "--model",
      tinyModel("qwen2"),
      "--data",
      data,
      "--precision",
      "fp32",
      "--json",
    ]);
    const { rows: scores, loss } = json as { rows: { loss: number | null; tokens: number }[]; loss: number };
    const nothing = { loss: null, tokens: 0 };
    expect(scores).toEqual([nothing, { loss, tokens: scores[1].tokens }, nothing, nothing]);
  });

  it("gives the same by any batches, and another loss with an adapter", async () => {
    const { rows } = await recorded("qwen2");
    const data = await writeJsonl(join(folder, "batches.jsonl"), rows);
    const words = ["score", "--model", tinyModel("qwen2"), "--data", data, "--precision", "fp32", "--json"];
    const together = (await runLathe(words)).json as { loss: number };
    const apart = (await runLathe([...words, "--tokens-per-batch", "1"])).json as { loss: number };
    expect(apart.loss).toBeCloseTo(together.loss, 6);
    const adapter = join(loraFixture("qwen2-qv"), "adapter_end");
    const adapted = (await runLathe([...words, "--adapter", adapter])).json as { loss: number };
    expect(Math.abs(adapted.loss - together.loss)).toBeGreaterThan(1e-3);
  });

  it("scores texts, and shows a table without --json", async () => {
    const data = await writeJsonl(join(folder, "texts.jsonl"), [
      { text: "Once upon a time there was a cat." },
    ]);
    const { code, stdout, stderr } = await runLathe(["score", "--model", storiesModel, "--data", data]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^rows +labels +loss +perplexity\n[─ ]+\n +1 +\d+ +\d\.\d+ +\d+\.\d+\n$/);
    expect(stderr).toMatch(/^engine \w+, \w+: /m);
  });

  it("says which rows are longer than the model can read", async () => {
    const long = Array.from({ length: 513 }, (_, i) => i % 320);
    const data = await writeJsonl(join(folder, "long.jsonl"), [{ input_ids: [1, 2] }, { input_ids: long }]);
    const { code, stderr } = await runLathe(["score", "--model", tinyModel("qwen2"), "--data", data]);
    expect(code).toBe(0);
    expect(stderr).toContain("1 row is longer than the 512 tokens that the model is meant to read");
  });

  it("speaks Chinese where the system does", async () => {
    const data = await writeJsonl(join(folder, "texts.jsonl"), [{ text: "Once" }]);
    const words = ["score", "--model", storiesModel, "--data", data];
    expect((await runLathe(words, { env: { LANG: "zh_CN.UTF-8" } })).stderr).toContain("计算引擎");
    expect((await runLathe([...words, "--language", "en"], { env: { LANG: "zh_CN.UTF-8" } })).stderr).toMatch(
      /^engine /m,
    );
  });

  it.each([
    [
      { input_ids: [1, 320], labels: [1, 2] },
      'key "input_ids": expected token ids below 320, the model\'s vocabulary, got 320',
    ],
    [{ input_ids: [1, 2], labels: [1, 999] }, 'key "labels": expected token ids below 320'],
    [{ input_ids: [1, 2], labels: [1] }, 'key "labels": expected as many as input_ids (2), got 1'],
    [{ input_ids: [1, -2], labels: [1, 2] }, 'key "input_ids[1]": expected an integer from 0'],
    [{ question: "a" }, "expected one of the shapes"],
    [{ text: "a" }, "a text row needs a tokenizer, and the model has none"],
  ])("refuses %j with file and line", async (row, message) => {
    const data = await writeJsonl(join(folder, "bad.jsonl"), [{ input_ids: [1, 2] }, row]);
    const { code, stderr, json } = await runLathe([
      "score",
      "--model",
      tinyModel("qwen2"),
      "--data",
      data,
      "--json",
    ]);
    expect(code).toBe(2);
    expect(stderr.split("\n")[0]).toContain(`lathe: ${data}:2: ${message}`);
    expect(json).toMatchObject({ error: { name: "RowError" } });
  });
});
