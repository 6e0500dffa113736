import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { loraFixture, temporaryFolder, tinyModel, writeJsonl } from "../testing/folders.js";
import { runLathe } from "../testing/run-lathe.js";

let folder: string;
let data: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  data = await writeJsonl(join(folder, "rows.jsonl"), [{ input_ids: [1, 7, 31, 200, 5, 9] }]);
});

const lossOf = async (...words: string[]): Promise<number> =>
  (await runLathe(["score", "--data", data, "--precision", "fp32", "--json", ...words])).json![
    "loss"
  ] as number;

describe("lathe merge", () => {
  it.each([
    ["qwen2-all-rs", "qwen2"],
    ["llama-dora", "llama"],
  ] as const)("%s: the merged model scores as base and adapter do", async (name, base) => {
    const model = tinyModel(base);
    const adapter = join(loraFixture(name), "adapter_end");
    const output = join(folder, name);
    const { code, json, stderr } = await runLathe([
      "merge",
      "--model",
      model,
      "--adapter",
      adapter,
      "--output",
      output,
      "--json",
    ]);
    expect(code, stderr).toBe(0);
    expect(json).toMatchObject({ output, dtype: "keep", changed: expect.any(Number) });
    expect(await lossOf("--model", output)).toBeCloseTo(
      await lossOf("--model", model, "--adapter", adapter),
      4,
    );
    expect((await runLathe(["merge", "--model", model, "--adapter", adapter, "--output", output])).code).toBe(
      2,
    );
  });

  it("writes another type when asked", async () => {
    const output = join(folder, "half");
    const words = ["--model", tinyModel("qwen2"), "--adapter", join(loraFixture("qwen2-qv"), "adapter_end")];
    const { code, stdout } = await runLathe(["merge", ...words, "--output", output, "--dtype", "bf16"]);
    expect(code).toBe(0);
    expect(stdout).toContain("tensors changed");
    expect(JSON.parse(await readFile(join(output, "config.json"), "utf8"))).toMatchObject({
      dtype: "bfloat16",
    });
    const exact = await lossOf(...words);
    expect(Math.abs((await lossOf("--model", output)) - exact)).toBeLessThan(0.02);
  });

  it("takes the flags that are taken everywhere", async () => {
    const adapter = join(loraFixture("qwen2-qv"), "adapter_end");
    const words = [
      "merge",
      "--model",
      tinyModel("qwen2"),
      "--adapter",
      adapter,
      "--output",
      join(folder, "flags"),
    ];
    const { code, stderr } = await runLathe([...words, "--quantize", "int8"]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("--quantize: expected one of none")]);
    expect(
      (await runLathe([...words, "--engine", "wasm", "--precision", "fp32", "--quantize", "none"])).code,
    ).toBe(0);
  });

  it.each([
    [
      ["--adapter", join(loraFixture("llama-dora"), "adapter_end"), "--model", tinyModel("qwen3")],
      "another model",
    ],
    [["--adapter", "nowhere"], "nowhere: expected an adapter folder"],
    [["--dtype", "fp8"], '--dtype: expected one of keep, fp32, fp16, bf16, got "fp8"'],
  ])("refuses %j", async (words, message) => {
    const output = join(folder, "refused");
    const adapter = join(loraFixture("qwen2-qv"), "adapter_end");
    const { code, stderr } = await runLathe([
      "merge",
      "--model",
      tinyModel("qwen2"),
      "--adapter",
      adapter,
      "--output",
      output,
      ...words,
    ]);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
    await expect(stat(output)).rejects.toThrow("ENOENT");
  });
});
