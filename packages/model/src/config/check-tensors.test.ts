import { elementCount } from "../element-count.js";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectedTensors } from "../architectures/expected-tensors.js";
import type { StoredWeights } from "../weights/stored-weights.js";
import { openWeights } from "../weights/open-weights.js";
import { type Dtype, dtypeSizes } from "../weights/tensor-info.js";
import { type TensorToWrite, writeSafetensors } from "../weights/write-safetensors.js";
import { WeightsError } from "../errors.js";
import { checkTensors } from "./check-tensors.js";

import type { ModelConfig } from "./model-config.js";
import { parseModelConfig, readModelConfig } from "./read-model-config.js";

const fixtures = fileURLToPath(new URL("../../fixtures/", import.meta.url));

describe.each(["models/qwen2", "models/llama", "models/qwen3", "stories260k", "babyllama105"])(
  "%s",
  (name) => {
    it("holds exactly the tensors expected of its config, in their shapes", async () => {
      const config = await readModelConfig(join(fixtures, name));
      const weights = await openWeights(join(fixtures, name));
      expect(checkTensors(config, weights)).toEqual({ unused: [] });
      const expected = expectedTensors(config);
      expect([...expected.keys()].sort()).toEqual(weights.names().sort());
      await weights.close();
    });
  },
);

it("counts the parameters of Qwen2.5-3B", () => {
  const config = parseModelConfig(
    {
      model_type: "qwen2",
      hidden_size: 2048,
      intermediate_size: 11008,
      num_hidden_layers: 36,
      num_attention_heads: 16,
      num_key_value_heads: 2,
      tie_word_embeddings: true,
    },
    "config.json",
  );
  const shapes = [...expectedTensors(config).values()];
  const count = shapes.reduce((sum, shape) => sum + elementCount(shape), 0);
  expect(count).toBe(3_085_938_688);
});

const tiny = {
  model_type: "llama",
  vocab_size: 8,
  hidden_size: 4,
  intermediate_size: 6,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 1,
};

describe("a small model", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "check-tensors-"));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  async function withTensors<Result>(
    config: ModelConfig,
    change: (shapes: Map<string, readonly number[]>) => void,
    use: (weights: StoredWeights) => Result,
    dtype: Dtype = "F32",
  ): Promise<Result> {
    const shapes = new Map(expectedTensors(config));
    change(shapes);
    const tensors = [...shapes].map(([name, shape]): TensorToWrite => {
      const bytes = dtypeSizes[dtype] * elementCount(shape);
      return { name, dtype, shape, data: new Uint8Array(bytes) };
    });
    await writeSafetensors(join(folder, "model.safetensors"), tensors);
    const weights = await openWeights(folder);
    try {
      return use(weights);
    } finally {
      await weights.close();
    }
  }

  const untied = parseModelConfig(tiny, "config.json");
  const tied = parseModelConfig({ ...tiny, tie_word_embeddings: true }, "config.json");

  it("may hold tensors that are not used, which are listed", async () => {
    const unused = "model.layers.0.self_attn.rotary_emb.inv_freq";
    const result = await withTensors(
      untied,
      (shapes) => shapes.set(unused, [1]),
      (c) => checkTensors(untied, c),
    );
    expect(result).toEqual({ unused: [unused] });
  });

  it("with tied embeddings may hold a head, which is passed over", async () => {
    const change = (shapes: Map<string, readonly number[]>) => void shapes.set("lm_head.weight", [8, 4]);
    expect(await withTensors(tied, change, (c) => checkTensors(tied, c))).toEqual({ unused: [] });
  });

  it("without tied embeddings needs a head", async () => {
    const check = withTensors(
      untied,
      (shapes) => shapes.delete("lm_head.weight"),
      (c) => checkTensors(untied, c),
    );
    await expect(check).rejects.toThrow(
      'tensor "lm_head.weight": expected the 12 tensors of a llama model with 1 layers, got none of name ' +
        '"lm_head.weight"; a model without one has tie_word_embeddings true in its config.json',
    );
  });

  it("of another kind lacks tensors, of which five are named", async () => {
    const qwen3 = parseModelConfig({ ...tiny, model_type: "qwen3", num_hidden_layers: 4 }, "config.json");
    const check = withTensors(
      untied,
      () => undefined,
      (c) => checkTensors(qwen3, c),
    );
    await expect(check).rejects.toThrow(WeightsError);
    await expect(check).rejects.toThrow(/expected the 47 tensors of a qwen3 model .* and 30 more$/);
  });

  it.each<[string, string, number[]]>([
    ["another vocabulary", "model.embed_tokens.weight", [9, 4]],
    ["turned axes", "model.layers.0.mlp.down_proj.weight", [6, 4]],
    ["another rank", "model.norm.weight", [4, 1]],
  ])("with %s is refused", async (_name, tensor, shape) => {
    const check = withTensors(
      untied,
      (shapes) => shapes.set(tensor, shape),
      (c) => checkTensors(untied, c),
    );
    const expected = expectedTensors(untied).get(tensor)!.join(", ");
    await expect(check).rejects.toThrow(
      `model.safetensors, tensor "${tensor}": expected shape [${expected}], as config.json implies, ` +
        `got [${shape.join(", ")}]; config and weights are of different models`,
    );
  });

  it("of whole numbers is refused", async () => {
    const check = withTensors(
      untied,
      () => undefined,
      (c) => checkTensors(untied, c),
      "I8",
    );
    await expect(check).rejects.toThrow("expected a dtype among F64, F32, F16, BF16, got I8");
  });
});
