import { elementCount } from "../../element-count.js";
import { describe, expect, it } from "vitest";
import { parseModelConfig } from "../../config/read-model-config.js";
import { architectureOf } from "../architecture-of.js";
import { expectedTensors } from "../expected-tensors.js";
import type { LatentMixtureConfig } from "./latent-mixture-config.js";

/** The sizes of DeepSeek-R1. */
const r1 = {
  architectures: ["DeepseekV3ForCausalLM"],
  model_type: "deepseek_v3",
  attention_bias: false,
  first_k_dense_replace: 3,
  hidden_act: "silu",
  hidden_size: 7168,
  intermediate_size: 18432,
  kv_lora_rank: 512,
  max_position_embeddings: 163840,
  moe_intermediate_size: 2048,
  moe_layer_freq: 1,
  n_group: 8,
  n_routed_experts: 256,
  n_shared_experts: 1,
  norm_topk_prob: true,
  num_attention_heads: 128,
  num_experts_per_tok: 8,
  num_hidden_layers: 61,
  num_key_value_heads: 128,
  num_nextn_predict_layers: 1,
  q_lora_rank: 1536,
  qk_nope_head_dim: 128,
  qk_rope_head_dim: 64,
  quantization_config: {
    activation_scheme: "dynamic",
    fmt: "e4m3",
    quant_method: "fp8",
    weight_block_size: [128, 128],
  },
  rms_norm_eps: 1e-6,
  rope_scaling: {
    beta_fast: 32,
    beta_slow: 1,
    factor: 40,
    mscale: 1,
    mscale_all_dim: 1,
    original_max_position_embeddings: 4096,
    type: "yarn",
  },
  rope_theta: 10000,
  routed_scaling_factor: 2.5,
  scoring_func: "sigmoid",
  tie_word_embeddings: false,
  topk_group: 4,
  topk_method: "noaux_tc",
  torch_dtype: "bfloat16",
  v_head_dim: 128,
  vocab_size: 129280,
};

const parsed = (changes: Record<string, unknown> = {}): LatentMixtureConfig =>
  parseModelConfig({ ...r1, ...changes }, "config.json") as LatentMixtureConfig;

describe("DeepSeek-R1's config", () => {
  it("has 671 billion parameters", () => {
    let parameters = 0;
    for (const shape of expectedTensors(parsed()).values()) parameters += elementCount(shape);
    expect(parameters).toBe(671_026_419_200);
  });

  it("raises the scale of attention by YaRN's magnitude, and keeps 576 numbers a token and layer", () => {
    const config = parsed();
    expect(config.attention.attentionScale).toBeCloseTo(192 ** -0.5 * (0.1 * Math.log(40) + 1) ** 2, 12);
    const { cache } = architectureOf(config);
    expect(cache(config, 10)).toMatchObject({ keyValueHeadCount: 1, keySize: 576, valuesAreKeys: true });
  });

  it("has queries of the residual stream where they have no latent", () => {
    const names = [...expectedTensors(parsed({ q_lora_rank: null, num_hidden_layers: 1 })).keys()];
    expect(names).toContain("model.layers.0.self_attn.q_proj.weight");
    expect(names.filter((name) => name.includes("q_a"))).toEqual([]);
  });

  it.each([
    ["a_new_kind_of_attention", true],
    ["moe_layer_freq", 2],
    ["scoring_func", "softmax"],
    ["topk_method", "greedy"],
    ["hidden_act", "gelu"],
    ["num_key_value_heads", 8],
    ["qk_rope_head_dim", 63],
    ["n_group", 7],
    ["topk_group", 9],
    ["num_experts_per_tok", 129],
  ])("is refused with %s of %j, by name", (key, value) => {
    expect(() => parsed({ [key]: value })).toThrow(`key "${key}"`);
  });

  it("is refused with blocks of another size", () => {
    const packing = { ...r1.quantization_config, weight_block_size: [64, 64] };
    expect(() => parsed({ quantization_config: packing })).toThrow("quantization_config.weight_block_size");
  });
});
