import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder, tinyModel, writeJsonl } from "../testing/folders.js";
import { runLathe } from "../testing/run-lathe.js";

const rowsFile = fileURLToPath(new URL("../../fixtures/lora-rows.jsonl", import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});

describe.each(["accumulation", "packing"] as const)("lathe doctor %s", (batching) => {
  it.each(["qwen2", "deepseek_v3"])(
    "shows that a step over %s is the same, within a tolerance that it says",
    async (model) => {
      const lines = (await readFile(rowsFile, "utf8")).trimEnd().split("\n");
      // Rows of other lengths, so that their shares in the mean differ.
      const rows = lines.slice(0, 20).map((line, index) => {
        const { input_ids, labels } = JSON.parse(line) as Record<"input_ids" | "labels", number[]>;
        const length = input_ids.length - (index % 5);
        return { input_ids: input_ids.slice(0, length), labels: labels.slice(0, length) };
      });
      const data = await writeJsonl(join(folder, `${batching}-${model}.jsonl`), rows);
      const words = ["doctor", batching, "--model", tinyModel(model), "--data", data];
      const { code, json } = await runLathe([...words, "--json"]);
      expect(json).toMatchObject({ rows: 16, precision: "fp32", equal: true });
      const { tolerance, lossDifference, gradientDifference } = json as Record<string, number>;
      expect(lossDifference).toBeLessThan(tolerance);
      expect(gradientDifference).toBeGreaterThan(0);
      expect(gradientDifference).toBeLessThan(tolerance);
      expect(code).toBe(0);
      expect((await runLathe(words)).stdout).toMatch(/^16 rows .*the same within 1e-4 /m);
    },
  );

  it("compares in float32 over int8 weights too, unless another precision is asked for", async () => {
    const words = ["doctor", batching, "--model", tinyModel("qwen2"), "--data", rowsFile, "--json"];
    const packed = [...words, "--quantize", "int8"];
    expect((await runLathe(packed)).json).toMatchObject({ precision: "fp32", equal: true });
    const rounded = await runLathe([...packed, "--engine", "native", "--precision", "bf16"]);
    if (rounded.code !== 2) expect(rounded.json).toMatchObject({ precision: "bf16" });
  });

  it("refuses rows without a label by name", async () => {
    const data = await writeJsonl(join(folder, `${batching}-silent.jsonl`), [
      { input_ids: [1, 2, 3], labels: [-100, -100, -100] },
    ]);
    const { code, stderr } = await runLathe([
      ...["doctor", batching, "--model", tinyModel("qwen2"), "--data", data],
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain("label");
  });

  it("takes rows as training does: what is learnt of them, and what becomes of long ones", async () => {
    const data = await writeJsonl(
      join(folder, `${batching}-long.jsonl`),
      Array.from({ length: 8 }, (_, row) => ({ input_ids: Array(row < 4 ? 5 : 9).fill(row + 1) })),
    );
    const words = ["doctor", batching, "--model", tinyModel("qwen2"), "--data", data, "--max-tokens", "6"];
    const policies = ["--loss-on", "last", "--reasoning", "strip"];
    const dropped = await runLathe([...words, "--overlong", "drop", "--json"]);
    expect(dropped.json, dropped.stderr).toMatchObject({ rows: 4 });
    const ofDialogues = await runLathe([...words, ...policies]);
    expect(ofDialogues.code).toBe(2);
    expect(ofDialogues.stderr).toContain("whose labels say what is learnt, and --loss-on last decides it");
    const refused = await runLathe([...words, "--overlong", "error"]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(`${batching}-long.jsonl:5`);
  });
});
