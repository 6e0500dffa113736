import { isInputError } from "@lathe/files";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DecoderConfig } from "../architectures/pre-norm-decoder/decoder-config.js";
import { ModelConfigError } from "../errors.js";
import { parseModelConfig, readModelConfig } from "./read-model-config.js";

const fixtures = fileURLToPath(new URL("../../fixtures/", import.meta.url));

const reference = JSON.parse(await readFile(join(fixtures, "reference/config-defaults.json"), "utf8")) as {
  source: string;
  defaults: Record<string, Record<string, unknown>>;
};

const parse = (json: Record<string, unknown>): DecoderConfig =>
  parseModelConfig(json, "config.json") as DecoderConfig;

describe(`an empty config has the values of ${reference.source}`, () => {
  it.each(Object.entries(reference.defaults))("%s", (model_type, defaults) => {
    const config = parse({ model_type });
    const ids = (value: unknown) => (value === null ? [] : [value]);
    expect(config).toEqual({
      architecture: model_type,
      vocabularySize: defaults["vocab_size"],
      hiddenSize: defaults["hidden_size"],
      intermediateSize: defaults["intermediate_size"],
      layerCount: defaults["num_hidden_layers"],
      headCount: defaults["num_attention_heads"],
      keyValueHeadCount: defaults["num_key_value_heads"],
      headSize: defaults["head_dim"] ?? 128,
      rmsNormEpsilon: defaults["rms_norm_eps"],
      rope: { theta: 10_000, scaling: null },
      maxPositions: defaults["max_position_embeddings"],
      tieWordEmbeddings: defaults["tie_word_embeddings"],
      attentionBias: model_type === "qwen2",
      attentionOutputBias: false,
      mlpBias: false,
      queryKeyNorm: model_type === "qwen3",
      beginOfSequenceIds: ids(defaults["bos_token_id"]),
      endOfSequenceIds: ids(defaults["eos_token_id"]),
      padId: defaults["pad_token_id"],
      dtype: null,
    });
  });
});

describe("reads", () => {
  it("the qwen2, llama and qwen3 folders of Transformers", async () => {
    const [qwen2, llama, qwen3] = await Promise.all(
      ["qwen2", "llama", "qwen3"].map((name) => readModelConfig(join(fixtures, "models", name))),
    );
    expect(qwen2).toMatchObject({
      architecture: "qwen2",
      headSize: 16,
      keyValueHeadCount: 2,
      attentionBias: true,
      attentionOutputBias: false,
      tieWordEmbeddings: true,
      rope: { theta: 1_000_000, scaling: null },
      beginOfSequenceIds: [1],
      endOfSequenceIds: [2],
      padId: 0,
      dtype: "float32",
    });
    expect(llama).toMatchObject({
      architecture: "llama",
      rmsNormEpsilon: 1e-5,
      rope: {
        theta: 500_000,
        scaling: {
          type: "llama3",
          factor: 8,
          lowFrequencyFactor: 1,
          highFrequencyFactor: 4,
          originalMaxPositions: 128,
        },
      },
    });
    expect(qwen3).toMatchObject({ architecture: "qwen3", headSize: 32, hiddenSize: 64, queryKeyNorm: true });
  });

  it("the classic and the newer spelling to the same config", () => {
    const scaling = {
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 64,
    };
    const classic = parse({
      model_type: "llama",
      torch_dtype: "bfloat16",
      rope_theta: 5e5,
      rope_scaling: { type: "llama3", ...scaling },
    });
    const newer = parse({
      model_type: "llama",
      dtype: "bfloat16",
      rope_parameters: { rope_theta: 5e5, rope_type: "llama3", ...scaling },
    });
    expect(classic).toEqual(newer);
    expect(newer.rope.theta).toBe(5e5);
    expect(newer.dtype).toBe("bfloat16");
  });

  it("rope_scaling before rope_parameters, and null or {} as none", () => {
    const rope = (json: Record<string, unknown>) => parse({ model_type: "qwen2", ...json }).rope;
    const linear = { rope_type: "linear", factor: 2 };
    expect(rope({ rope_scaling: linear, rope_parameters: { rope_theta: 7 }, rope_theta: 9 })).toEqual({
      theta: 9,
      scaling: { type: "linear", factor: 2 },
    });
    expect(
      rope({ rope_scaling: {}, rope_parameters: { ...linear, rope_theta: 7 }, rope_theta: 9 }).theta,
    ).toBe(7);
    expect(rope({ rope_scaling: null, rope_theta: 9 })).toEqual({ theta: 9, scaling: null });
  });

  it("a stretch over the whole length when the original length is left out", () => {
    const { scaling } = parse({
      model_type: "qwen2",
      max_position_embeddings: 4096,
      rope_scaling: { type: "yarn", factor: 4 },
    }).rope;
    expect(scaling).toEqual({
      type: "yarn",
      factor: 4,
      originalMaxPositions: 4096,
      attentionFactor: 0.1 * Math.log(4) + 1,
      betaFast: 32,
      betaSlow: 1,
      truncate: true,
    });
  });

  it("attention_bias as all four biases in llama and qwen3, and as nothing in qwen2", () => {
    const biases = (model_type: string) => {
      const config = parse({ model_type, attention_bias: true, mlp_bias: true });
      return [config.attentionBias, config.attentionOutputBias, config.mlpBias];
    };
    expect(biases("llama")).toEqual([true, true, true]);
    expect(biases("qwen3")).toEqual([true, true, false]);
    expect(biases("qwen2")).toEqual([true, false, false]);
  });

  it("num_key_value_heads null as many as heads, and left out as each architecture has it", () => {
    const heads = (json: Record<string, unknown>) =>
      parse({ num_attention_heads: 64, hidden_size: 4096, ...json }).keyValueHeadCount;
    expect(heads({ model_type: "qwen2", num_key_value_heads: null })).toBe(64);
    expect(heads({ model_type: "qwen2" })).toBe(32);
    expect(heads({ model_type: "llama" })).toBe(64);
  });

  it("lists of ids, and -1 as none", () => {
    const config = parse({ model_type: "llama", eos_token_id: [5, 6], pad_token_id: -1, bos_token_id: null });
    expect(config).toMatchObject({ endOfSequenceIds: [5, 6], padId: null, beginOfSequenceIds: [1] });
  });
});

describe("a folder", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "model-config-"));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });
  const write = (name: string, json: unknown) => writeFile(join(folder, name), JSON.stringify(json));

  it("takes the ids of generation_config.json where it gives them", async () => {
    await write("config.json", { model_type: "llama", pad_token_id: 7 });
    await write("generation_config.json", { eos_token_id: [1, 2], pad_token_id: null });
    expect(await readModelConfig(folder)).toMatchObject({
      beginOfSequenceIds: [1],
      endOfSequenceIds: [1, 2],
      padId: 7,
    });
  });

  it.each<[Record<string, unknown>, Record<string, unknown> | null, Record<string, unknown>, number[]]>([
    [{ eos_token_id: 1 }, { eos_token_id: 1 }, { eos_token: "<|end|>" }, [2, 1]],
    [{ eos_token_id: [1, 3] }, { eos_token_id: 2 }, { eos_token: { content: "<|end|>" } }, [2, 1, 3]],
    [{ eos_token_id: null }, null, { eos_token: "<|end|>" }, [2]],
    [{}, { eos_token_id: [5, 4] }, {}, [5, 4]],
    [{}, null, { eos_token: "<|nowhere|>" }, [2]],
    [{ eos_token_id: 1 }, null, { eos_token: "x", added_tokens_decoder: { 7: { content: "x" } } }, [7, 1]],
    [{ eos_token_id: 1 }, null, { eos_token: "piece" }, [3, 1]],
    [{ eos_token_id: 1 }, null, { eos_token: null }, [1]],
  ])(
    "config %j, generation config %j and tokenizer config %j end a text at %j",
    async (config, generation, tokenizer, ids) => {
      await write("config.json", { model_type: "llama", ...config });
      if (generation) await write("generation_config.json", generation);
      await write("tokenizer_config.json", tokenizer);
      await write("tokenizer.json", {
        added_tokens: [{ id: 2, content: "<|end|>" }],
        model: { vocab: { piece: 3 } },
      });
      expect((await readModelConfig(folder)).endOfSequenceIds).toEqual(ids);
    },
  );

  it("refuses malformed files by name", async () => {
    await expect(readModelConfig(join(folder, "absent"))).rejects.toThrow(
      "absent: expected a model folder, got no such folder",
    );
    await expect(readModelConfig(folder)).rejects.toThrow(
      "config.json: expected the config of a model, got no such file",
    );
    await writeFile(join(folder, "config.json"), '{"model_type": "llama",}');
    await expect(readModelConfig(folder)).rejects.toThrow(
      "config.json: expected JSON with a key in double quotes at line 1, column 24",
    );
    await write("config.json", ["llama"]);
    await expect(readModelConfig(folder)).rejects.toThrow(
      'config.json: expected a JSON object, got ["llama"]',
    );
    await write("config.json", { model_type: "llama" });
    await write("generation_config.json", { eos_token_id: "</s>" });
    await expect(readModelConfig(folder)).rejects.toThrow(
      'generation_config.json, key "eos_token_id": expected a token id or a list of them, got "</s>"',
    );
  });
});

describe("refuses", () => {
  it.each<[string, Record<string, unknown>, string]>([
    [
      "no model_type",
      { model_type: undefined },
      'key "model_type": expected one of the supported architectures qwen2, llama, qwen3, qwen3_moe, deepseek_v3, kimi_k2, glm4_moe_lite, got nothing',
    ],
    [
      "an unknown model_type",
      { model_type: "deepseek_v2" },
      'supported architectures qwen2, llama, qwen3, qwen3_moe, deepseek_v3, kimi_k2, glm4_moe_lite, got "deepseek_v2"',
    ],
    ["a model_type that objects inherit", { model_type: "constructor" }, 'got "constructor"'],
    [
      "another class",
      { architectures: ["LlamaForSequenceClassification"] },
      'key "architectures": expected ["LlamaForCausalLM"], as model_type is "llama", got ["LlamaForSequenceClassification"]',
    ],
    ["another activation", { hidden_act: "gelu" }, 'key "hidden_act": expected "silu", got "gelu"'],
    ["a sliding window", { use_sliding_window: true }, 'key "use_sliding_window": expected false'],
    [
      "a sliding layer",
      { layer_types: ["full_attention", "sliding_attention"] },
      'key "layer_types": expected only "full_attention"',
    ],
    [
      "heads that do not share evenly",
      { num_attention_heads: 32, num_key_value_heads: 5 },
      'key "num_key_value_heads": expected a divisor of num_attention_heads 32, got 5',
    ],
    [
      "a hidden size that heads do not divide",
      { hidden_size: 100, num_attention_heads: 32 },
      'key "hidden_size": expected a multiple of num_attention_heads 32, got 100',
    ],
    ["an odd head", { head_dim: 7 }, 'key "head_dim": expected an even number'],
    [
      "no layers",
      { num_hidden_layers: 0 },
      'key "num_hidden_layers": expected a whole number from 1 to 2147483647, got 0',
    ],
    ["a great many layers", { num_hidden_layers: 1_000_000 }, "expected at most 10000, got 1000000"],
    [
      "a fractional size",
      { hidden_size: 64.5 },
      'key "hidden_size": expected a whole number from 1 to 2147483647, got 64.5',
    ],
    [
      "a size that is text",
      { vocab_size: "320" },
      'key "vocab_size": expected a whole number from 1 to 2147483647, got "320"',
    ],
    ["an epsilon of 0", { rms_norm_eps: 0 }, 'key "rms_norm_eps": expected a number above 0, got 0'],
    [
      "an overflowing theta",
      { rope_theta: Infinity },
      'key "rope_theta": expected a number above 0, got Infinity',
    ],
    [
      "a flag that is text",
      { tie_word_embeddings: "false" },
      'key "tie_word_embeddings": expected true or false, got "false"',
    ],
    [
      "a negative id",
      { eos_token_id: [2, -5] },
      'key "eos_token_id": expected a token id or a list of them, got [2,-5]',
    ],
    [
      "a scaling that is text",
      { rope_scaling: "linear" },
      'key "rope_scaling": expected an object, got "linear"',
    ],
    [
      "an unknown scaling",
      { rope_scaling: { type: "dynamic", factor: 2 } },
      'key "rope_scaling.rope_type": expected one of default, linear, llama3, yarn, got "dynamic"',
    ],
    [
      "a scaling without factor",
      { rope_parameters: { rope_type: "linear" } },
      'key "rope_parameters.factor": expected a number above 0, got nothing',
    ],
    [
      "frequency factors in the wrong order",
      { rope_scaling: { rope_type: "llama3", factor: 8, low_freq_factor: 4, high_freq_factor: 1 } },
      'key "rope_scaling.high_freq_factor": expected more than low_freq_factor 4, got 1',
    ],
    [
      "rotary embeddings per layer type",
      { rope_parameters: { full_attention: { rope_theta: 1e4 } } },
      'key "rope_parameters.full_attention": expected one rotary embedding for all layers',
    ],
    [
      "partly rotated heads",
      { partial_rotary_factor: 0.5 },
      'key "partial_rotary_factor": expected 1, as partly rotated heads are not supported, got 0.5',
    ],
  ])("%s", (_name, change, essential) => {
    let error: unknown = null;
    try {
      parse({ model_type: "llama", ...change });
    } catch (fault) {
      error = fault;
    }
    expect(error).toBeInstanceOf(ModelConfigError);
    const fault = error as ModelConfigError;
    expect(fault.message).toContain(essential);
    expect(fault.path).toBe("config.json");
    expect(isInputError(fault)).toBe(true);
  });

  it("with the key, the expected and the actual value in fields", () => {
    expect(() => parse({ model_type: "gpt2" })).toThrow(
      expect.objectContaining({
        key: "model_type",
        expected:
          "one of the supported architectures qwen2, llama, qwen3, qwen3_moe, deepseek_v3, kimi_k2, glm4_moe_lite",
        actual: '"gpt2"',
      }),
    );
  });
});

it.each([{ quant_method: "gptq", bits: 4 }, "awq", 3, null])(
  "quantization_config %j is no matter of the config: the weights decide",
  (quantization_config) => {
    expect(parse({ model_type: "qwen2", quantization_config })).toEqual(parse({ model_type: "qwen2" }));
  },
);
