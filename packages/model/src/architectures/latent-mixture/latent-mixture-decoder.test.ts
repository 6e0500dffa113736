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

/** What the published configs of other models of the class say otherwise. */
const moonlight = {
  aux_loss_alpha: 0.001,
  ep_size: 1,
  eos_token_id: 163586,
  first_k_dense_replace: 1,
  hidden_size: 2048,
  intermediate_size: 11264,
  max_position_embeddings: 8192,
  moe_intermediate_size: 1408,
  n_group: 1,
  n_routed_experts: 64,
  n_shared_experts: 2,
  num_attention_heads: 16,
  num_experts_per_tok: 6,
  num_hidden_layers: 27,
  num_key_value_heads: 16,
  num_nextn_predict_layers: 0,
  q_lora_rank: null,
  quantization_config: undefined,
  rms_norm_eps: 1e-5,
  rope_scaling: null,
  rope_theta: 50000,
  routed_scaling_factor: 2.446,
  seq_aux: true,
  topk_group: 1,
  vocab_size: 163840,
};
const kimiK2 = {
  auto_map: { AutoConfig: "configuration_deepseek.DeepseekV3Config" },
  aux_loss_alpha: 0.001,
  first_k_dense_replace: 1,
  max_position_embeddings: 131072,
  model_type: "kimi_k2",
  n_group: 1,
  n_routed_experts: 384,
  num_attention_heads: 64,
  num_key_value_heads: 64,
  num_nextn_predict_layers: 0,
  rope_scaling: { ...r1.rope_scaling, beta_fast: 1, factor: 32 },
  rope_theta: 50000,
  routed_scaling_factor: 2.827,
  seq_aux: true,
  topk_group: 1,
  vocab_size: 163840,
};
const glm = {
  architectures: ["Glm4MoeLiteForCausalLM"],
  attention_bias: false,
  eos_token_id: [154820, 154827, 154829],
  first_k_dense_replace: 1,
  hidden_act: "silu",
  hidden_size: 2048,
  intermediate_size: 10240,
  kv_lora_rank: 512,
  max_position_embeddings: 202752,
  model_type: "glm4_moe_lite",
  moe_intermediate_size: 1536,
  n_group: 1,
  n_routed_experts: 64,
  n_shared_experts: 1,
  norm_topk_prob: true,
  num_attention_heads: 20,
  num_experts_per_tok: 4,
  num_hidden_layers: 47,
  num_key_value_heads: 20,
  num_nextn_predict_layers: 1,
  pad_token_id: 154820,
  partial_rotary_factor: 1,
  q_lora_rank: 768,
  qk_nope_head_dim: 192,
  qk_rope_head_dim: 64,
  rms_norm_eps: 1e-5,
  rope_scaling: null,
  rope_theta: 1_000_000,
  routed_scaling_factor: 1.8,
  tie_word_embeddings: false,
  topk_group: 1,
  topk_method: "noaux_tc",
  v_head_dim: 256,
  vocab_size: 154880,
};

const parsed = (changes: Record<string, unknown> = {}): LatentMixtureConfig =>
  parseModelConfig({ ...r1, ...changes }, "config.json") as LatentMixtureConfig;

function parametersOf(config: LatentMixtureConfig): number {
  let parameters = 0;
  for (const shape of expectedTensors(config).values()) parameters += elementCount(shape);
  return parameters;
}

describe("DeepSeek-R1's config", () => {
  it("has 671 billion parameters", () => {
    expect(parametersOf(parsed())).toBe(671_026_419_200);
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

it("reads Moonlight's and Kimi K2's configs, of 16 and 1,026 billion parameters", () => {
  expect(parametersOf(parsed(moonlight)) / 1e9).toBeCloseTo(15.96, 2);
  expect(parametersOf(parsed(kimiK2)) / 1e9).toBeCloseTo(1026.41, 2);
});

describe("GLM-4.7-Flash's config", () => {
  const glmParsed = (changes: Record<string, unknown> = {}): LatentMixtureConfig =>
    parseModelConfig({ ...glm, ...changes }, "config.json") as LatentMixtureConfig;
  /** As Transformers writes it once it has read it. */
  const layerTypes = ["dense", ...Array.from({ length: 46 }, () => "sparse")];

  it("has 30 billion parameters", () => {
    expect(parametersOf(glmParsed()) / 1e9).toBeCloseTo(29.94, 2);
  });

  it("has the values of its own family where it leaves keys out", () => {
    const { architectures, model_type } = glm;
    const bare = parseModelConfig({ architectures, model_type }, "config.json") as LatentMixtureConfig;
    expect(parametersOf(bare)).toBe(parametersOf(glmParsed()));
    expect(bare.rmsNormEpsilon).toBe(1e-5);
  });

  it("takes the kinds of its layers in place of their number", () => {
    const changes = { first_k_dense_replace: undefined, mlp_layer_types: layerTypes };
    expect(glmParsed(changes).denseLayers).toBe(1);
    expect(glmParsed({ ...changes, mlp_layer_types: layerTypes.map(() => "dense") }).denseLayers).toBe(47);
  });

  it.each([
    ["mlp_layer_types", { mlp_layer_types: layerTypes.toReversed() }],
    ["mlp_layer_types", { mlp_layer_types: layerTypes.slice(1) }],
    ["mlp_layer_types", { mlp_layer_types: [...layerTypes.slice(0, -1), "linear"] }],
    ["first_k_dense_replace", { mlp_layer_types: layerTypes, first_k_dense_replace: 2 }],
    ["architectures", { architectures: ["DeepseekV3ForCausalLM"] }],
    ["partial_rotary_factor", { partial_rotary_factor: 0.5 }],
    ["index_topk", { index_topk: 2048 }],
  ])("is refused where %s is otherwise: %j", (key, changes) => {
    expect(() => glmParsed(changes)).toThrow(`key "${key}"`);
  });
});
