import { mkdir, readdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { FullDisk } from "../../../../packages/files/testing/full-disk.js";
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

const adapter = join(loraFixture("qwen2-all-rs"), "adapter_end");
const base = ["--model", tinyModel("qwen2")];

describe("lathe export and lathe import", () => {
  it.each(["F32", "F16", "Q8_0"])(
    "a merged model goes out as GGUF %s and comes back scoring the same",
    async (type) => {
      const [file, back] = [join(folder, `${type}.gguf`), join(folder, type)];
      const words = [
        ...base,
        "--adapter",
        adapter,
        "--to",
        "gguf",
        "--type",
        type,
        "--output",
        file,
        "--json",
      ];
      const { code, json, stderr } = await runLathe(["export", ...words]);
      expect(code, stderr).toBe(0);
      expect(json).toMatchObject({ output: file, to: "gguf", type, tokenizer: { name: "none" } });
      expect((await runLathe(["import", "--input", file, "--output", back])).code).toBe(0);
      const expected = await lossOf(...base, "--adapter", adapter);
      const digits = { F32: 5, F16: 3, Q8_0: 1 }[type];
      expect(await lossOf("--model", back)).toBeCloseTo(expected, digits);
      expect((await runLathe(["export", ...words])).code).toBe(2);
    },
  );

  it("an adapter goes out to MLX and comes back, and to PEFT, scoring the same", async () => {
    const [mlx, back, peft] = ["mlx", "back", "peft"].map((name) => join(folder, name));
    const words = ["export", ...base, "--adapter", adapter];
    expect((await runLathe([...words, "--to", "mlx", "--output", mlx])).code).toBe(0);
    expect((await runLathe([...words, "--to", "peft", "--output", peft])).code).toBe(0);
    const { code, stdout, stderr } = await runLathe(["import", "--input", mlx, ...base, "--output", back]);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain("linears");
    const expected = await lossOf(...base, "--adapter", adapter);
    expect(await lossOf(...base, "--adapter", back)).toBeCloseTo(expected, 5);
    expect(await lossOf(...base, "--adapter", peft)).toBe(expected);
  });

  it("a model goes out as ONNX, with a card", async () => {
    const output = join(folder, "onnx");
    const words = [...base, "--adapter", adapter, "--to", "onnx", "--type", "q4", "--no-gate"];
    const { code, json, stderr } = await runLathe(["export", ...words, "--output", output, "--json"]);
    expect(code, stderr).toBe(0);
    expect(json).toMatchObject({ output, to: "onnx", type: "q4", gate: null });
    expect((await stat(join(output, "onnx/model_q4.onnx"))).size).toBe(json!["bytes"]);
    expect(await readFile(`${output}.card.md`, "utf8")).toContain("**Not proven**");
  });

  it("merges onto what packed weights stand for", async () => {
    const [packed, merged] = [join(folder, "packed"), join(folder, "merged")];
    await runLathe(["quantize", ...base, "--format", "nf4", "--output", packed]);
    const words = ["--model", packed, "--adapter", adapter];
    const { code, stderr } = await runLathe(["export", ...words, "--to", "merged", "--output", merged]);
    expect(code, stderr).toBe(0);
    // The head of a packed folder is computed in 8 bits.
    expect(await lossOf("--model", merged)).toBeCloseTo(await lossOf(...words), 2);
    expect(JSON.parse(await readFile(join(merged, "config.json"), "utf8"))).not.toHaveProperty(
      "quantization_config",
    );
  });

  it.each([
    [["--to", "mlx"], "--adapter: mlx holds an adapter, and none is given"],
    [
      ["--to", "peft", "--adapter", adapter, "--type", "F16"],
      "--type goes with gguf, ollama, onnx and web, not with peft",
    ],
    [["--to", "gguf-lora", "--adapter", adapter, "--quantize", "nf4"], "--quantize goes with formats"],
    [["--to", "ollama"], "expected a chat template"],
    [["--to", "gguf-lora", "--adapter", join(loraFixture("llama-dora"), "adapter_end")], "llama-dora"],
    [["--to", "onnx", "--type", "Q8_0"], "expected one of fp32, fp16, q4 for onnx"],
    [["--to", "gguf", "--no-gate", "--gate-prompts", "x.jsonl"], "goes with a proof"],
    [["--to", "onnx", "--max-size", "1GB"], "--max-size goes with web, not with onnx"],
    [["--to", "web", "--max-size", "small"], "--max-size: expected a size such as 300MB"],
    [["--to", "tflite"], "--to: expected one of"],
    ...["peft", "merged", "gguf", "gguf-lora", "mlx", "onnx"].map((to): [string[], string] => [
      ["--model", tinyModel("llama"), "--to", to, "--adapter", adapter, "--no-gate"],
      "the adapter is of another model",
    ]),
    [["--model", tinyModel("deepseek_v3"), "--to", "onnx", "--no-gate"], "deepseek_v3"],
    [["--model", tinyModel("qwen3_moe"), "--to", "gguf-lora", "--adapter", adapter], "qwen3_moe"],
  ])("refuses %j in a sentence and leaves nothing", async (words, sentence) => {
    const output = join(folder, "refused");
    const { code, stderr } = await runLathe(["export", ...base, "--output", output, ...words]);
    expect(stderr).toContain(sentence);
    expect(code).toBe(2);
    await expect(stat(output)).rejects.toThrow("ENOENT");
  });

  it("says in one sentence that the disk is full, and leaves nothing", async () => {
    const place = join(folder, "full");
    await mkdir(place);
    const disk = await FullDisk.start(place, 8);
    const output = join(place, "model.gguf");
    const { code, stderr } = await runLathe([
      ...["export", ...base, "--to", "gguf", "--no-gate", "--output", output],
    ]).finally(() => disk.stop());
    expect(stderr.split("\n").filter((line) => line.startsWith("lathe: "))).toEqual([
      `lathe: ${output}: cannot be written: no space is left on the device`,
    ]);
    expect(code).toBe(2);
    expect(await readdir(place)).toEqual([]);
  });

  it("import refuses a file of which the end is missing", async () => {
    const [input, output] = [join(folder, "short.gguf"), join(folder, "short")];
    const words = ["export", ...base, "--to", "gguf", "--no-gate", "--output", input];
    expect((await runLathe(words)).code).toBe(0);
    await truncate(input, (await stat(input)).size - 1000);
    const { code, stderr } = await runLathe(["import", "--input", input, "--output", output]);
    const told = stderr.split("\n").filter((line) => line.startsWith("lathe: "));
    expect(told).toHaveLength(1);
    expect(told[0]).toContain(input);
    expect(code).toBe(2);
    await expect(stat(output)).rejects.toThrow("ENOENT");
  });

  it.each([
    ["a file that is none", "no GGUF at all, just text", "begins with GGUF"],
    ["a file that is cut", "GGUF\u0003\u0000\u0000", "the end of the file"],
  ])("import refuses %s", async (_what, contents, sentence) => {
    await mkdir(join(folder, "in"), { recursive: true });
    const [input, output] = [join(folder, "in/file.gguf"), join(folder, "none")];
    await writeFile(input, contents);
    const { code, stderr } = await runLathe(["import", "--input", input, "--output", output]);
    expect(stderr).toContain(sentence);
    expect(code).toBe(2);
    await expect(stat(output)).rejects.toThrow("ENOENT");
  });
});
