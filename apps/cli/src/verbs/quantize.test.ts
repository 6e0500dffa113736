import { stat } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { storiesModel, temporaryFolder, tinyModel, writeJsonl } from "../testing/folders.js";
import { runLathe } from "../testing/run-lathe.js";

let folder: string;
let data: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  data = await writeJsonl(join(folder, "rows.jsonl"), [
    { text: "Once upon a time there was a little girl." },
  ]);
});

const lossOf = async (...words: string[]): Promise<number> => {
  const { json, stderr } = await runLathe(["score", "--data", data, "--json", ...words]);
  expect(json, stderr).toHaveProperty("loss");
  return json!["loss"] as number;
};

describe("lathe quantize", () => {
  it.each(["int8", "nf4", "fp16", "bf16"] as const)(
    "%s: the folder scores as the packed base does",
    async (format) => {
      const output = join(folder, format);
      const { code, json, stderr } = await runLathe([
        "quantize",
        "--model",
        storiesModel,
        "--output",
        output,
        "--format",
        format,
        "--json",
      ]);
      expect(code, stderr).toBe(0);
      expect(json).toMatchObject({ output, format });
      expect(json!["bytesAfter"]).toBeLessThan(json!["bytesBefore"] as number);
      const exact = await lossOf("--model", storiesModel);
      const fromFolder = await lossOf("--model", output);
      const onTheFly = await lossOf("--model", storiesModel, "--quantize", format);
      const bound = format === "nf4" ? 0.2 : 0.05;
      expect(Math.abs(fromFolder - exact)).toBeLessThan(bound);
      expect(Math.abs(onTheFly - exact)).toBeLessThan(bound);
      if (format === "int8" || format === "nf4") expect(fromFolder).toBe(onTheFly);
      // Its MLP has rows of 172 weights.
      if (format === "nf4") expect(stderr).toContain("mlp.down_proj and 4 more stay in the type");
      expect((await runLathe(["doctor", "--model", output])).code).toBe(0);
    },
  );

  it.each([
    [["--format", "int3"], '--format: expected one of int8, nf4, fp16, bf16, got "int3"'],
    [["--model", "nowhere"], "nowhere"],
  ])("refuses %j", async (words, message) => {
    const output = join(folder, "refused");
    const { code, stderr } = await runLathe([
      "quantize",
      "--model",
      tinyModel("qwen2"),
      "--output",
      output,
      "--format",
      "int8",
      ...words,
    ]);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
    await expect(stat(output)).rejects.toThrow("ENOENT");
  });

  it("overwrites only what it made, and only when that is said", async () => {
    const words = [
      "quantize",
      "--model",
      tinyModel("llama"),
      "--output",
      join(folder, "again"),
      "--format",
      "fp16",
    ];
    expect((await runLathe(words)).code).toBe(0);
    expect((await runLathe(words)).code).toBe(2);
    expect((await runLathe([...words, "--overwrite"])).code).toBe(0);
  });
});
