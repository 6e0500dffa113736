import { join } from "node:path";
import { TokenDataset } from "@lathe/data";
import { expect, it } from "vitest";
import { storiesModel, temporaryFolder, writeJsonl } from "../testing/folders.js";
import { runLathe } from "../testing/run-lathe.js";

it("writes what prepare made as saved data sets, once", async () => {
  const folder = await temporaryFolder();
  const rows = Array.from({ length: 40 }, (_, row) => ({
    prompt: `Once ${row * 7919}`,
    completion: " upon a time",
  }));
  const input = await writeJsonl(join(folder, "rows.jsonl"), rows);
  const prepared = join(folder, "prepared");
  const made = await runLathe(["prepare", "--input", input, "--output", prepared, "--model", storiesModel]);
  expect(made.code, made.stderr).toBe(0);
  const output = join(folder, "saved");
  const words = ["data", "export", prepared, "--output", output, "--shard-tokens", "100"];
  const { code, json, stderr } = await runLathe([...words, "--json"]);
  expect(code, stderr).toBe(0);
  const { splits } = json as { splits: { split: string; rows: number; shards: number }[] };
  expect(splits.map(({ split }) => split)).toEqual(["train", "validation", "test"]);
  for (const { split, rows: saved, shards } of splits) {
    const dataset = await TokenDataset.open(join(output, split));
    expect(dataset.length).toBe(saved);
    expect([...dataset]).toEqual([...(await TokenDataset.open(join(prepared, `${split}.arrow`)))]);
    expect(shards).toBeGreaterThan(0);
  }
  const again = await runLathe(words);
  expect(again.code).toBe(2);
  const none = await runLathe([
    "data",
    "export",
    folder,
    "--output",
    join(folder, "other"),
    "--language",
    "zh",
  ]);
  expect(none.code).toBe(2);
  expect(none.stderr).toContain("没有 train.arrow");
});
