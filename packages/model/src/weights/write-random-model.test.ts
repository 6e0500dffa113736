import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { checkTensors } from "../config/check-tensors.js";
import { readModelConfig } from "../config/read-model-config.js";
import { openWeights } from "./open-weights.js";
import { writeRandomModel } from "./write-random-model.js";

const config = {
  architectures: ["Qwen2ForCausalLM"],
  model_type: "qwen2",
  rms_norm_eps: 1e-6,
  hidden_size: 64,
  intermediate_size: 128,
  num_hidden_layers: 2,
  vocab_size: 512,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 128,
  initializer_range: 0.05,
  tie_word_embeddings: true,
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lathe-random-model-"));
});
afterAll(() => rm(folder, { recursive: true }));

const bytesOf = (place: string): Promise<Buffer> => readFile(join(folder, place, "model.safetensors"));

it("writes every tensor that its config asks for, distributed as the config says", async () => {
  await writeRandomModel(join(folder, "one"), config, { seed: 7 });
  const weights = await openWeights(join(folder, "one"));
  try {
    expect(checkTensors(await readModelConfig(join(folder, "one")), weights).unused).toEqual([]);
    const table = await weights.readFloat32("model.embed_tokens.weight");
    const mean = table.reduce((sum, value) => sum + value, 0) / table.length;
    const deviation = Math.sqrt(table.reduce((sum, value) => sum + (value - mean) ** 2, 0) / table.length);
    // 32768 values: five standard errors of the mean and of the deviation.
    expect(Math.abs(mean)).toBeLessThan((5 * 0.05) / Math.sqrt(table.length));
    expect(Math.abs(deviation - 0.05)).toBeLessThan((5 * 0.05) / Math.sqrt(2 * table.length));
    expect([...(await weights.readFloat32("model.norm.weight"))]).toEqual(Array(64).fill(1));
    expect([...(await weights.readFloat32("model.layers.1.self_attn.k_proj.bias"))]).toEqual(
      Array(32).fill(0),
    );
  } finally {
    await weights.close();
  }
});

it("writes the same bytes for the same seed, and others for another", async () => {
  for (const [place, seed] of [
    ["a", 7],
    ["b", 7],
    ["c", 8],
  ] as const) {
    await writeRandomModel(join(folder, place), config, { seed });
  }
  expect((await bytesOf("a")).equals(await bytesOf("b"))).toBe(true);
  expect((await bytesOf("a")).equals(await bytesOf("c"))).toBe(false);
});

it("refuses a config of no known architecture before anything is written", async () => {
  const unknown = { ...config, architectures: ["MambaForCausalLM"], model_type: "mamba" };
  await expect(writeRandomModel(join(folder, "none"), unknown)).rejects.toThrow(/none\/config\.json.*mamba/);
  await expect(bytesOf("none")).rejects.toThrow(/ENOENT/);
});
