import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fileBatches, randomBatch } from "./batches.js";

const tokenizer = fileURLToPath(new URL("../../../../examples/customer-service/base-model", import.meta.url));
let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), "lathe-bench-test-"))));
afterAll(() => rm(folder, { recursive: true }));

describe("randomBatch", () => {
  it("labels what is not prompt", () => {
    const [first, second] = randomBatch(2, 8, 0.5, 100);
    expect(first.labels.slice(0, 4)).toEqual([-100, -100, -100, -100]);
    expect(first.labels.slice(4)).toEqual(first.inputIds.slice(4));
    expect(second.inputIds).not.toEqual(first.inputIds);
    expect(first.inputIds.every((id) => id >= 0 && id < 100)).toBe(true);
  });
});

describe("fileBatches", () => {
  it("takes the rows as they are, each once, and stops at what the file has", async () => {
    const file = join(folder, "rows.jsonl");
    const rows = Array.from({ length: 7 }, (_, i) => ({
      input: `第${i}个问题`,
      output: "好的。".repeat(i + 1),
    }));
    await writeFile(file, rows.map((row) => JSON.stringify(row)).join("\n"));
    const batches = await fileBatches(file, tokenizer, 2, 10, 4096);
    expect(batches.map((batch) => batch.length)).toEqual([2, 2, 2]);
    const all = batches.flat();
    expect(new Set(all.map(({ inputIds }) => inputIds.join())).size).toBe(6);
    for (const { inputIds, labels } of all) {
      expect(labels).toHaveLength(inputIds.length);
      expect(labels.filter((label, i) => label !== -100 && label !== inputIds[i])).toEqual([]);
    }
    expect(await fileBatches(file, tokenizer, 2, 1, 4096)).toEqual([batches[0]]);
  });

  it("names the flag when rows do not do", async () => {
    const file = join(folder, "few.jsonl");
    await writeFile(file, '{"input":"你好","output":"好"}\n');
    await expect(fileBatches(file, tokenizer, 2, 1, 4096)).rejects.toThrow(
      /^--rows: expected at least 2 rows/,
    );
    await expect(fileBatches(file, tokenizer, 1, 1, 8)).rejects.toThrow(
      /^--rows: expected ids below the vocabulary/,
    );
    await writeFile(file, "{\n");
    await expect(fileBatches(file, tokenizer, 1, 1, 4096)).rejects.toThrow(/^--rows: .*few\.jsonl, line 1: /);
  });
});
