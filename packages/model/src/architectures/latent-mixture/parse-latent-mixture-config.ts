import { phrase } from "@lathe/files";
import type { ConfigKeys } from "../../config/config-keys.js";
import { parseCommon } from "../../config/parse-common.js";
import { parseRope, ropeParameters, yarnMagnitude } from "../../config/parse-rope.js";
import type { LatentAttentionConfig } from "../latent-attention/latent-attention-config.js";
import type { MixtureConfig } from "../mixture/mixture-config.js";
import type { LatentMixtureConfig } from "./latent-mixture-config.js";
import type { LatentMixtureDefaults, LatentMixtureFamily } from "./latent-mixture-family.js";

/** Keys that are read, or must have the one value that is computed. */
const known = [
  "attention_bias",
  "first_k_dense_replace",
  "hidden_act",
  "hidden_size",
  "intermediate_size",
  "kv_lora_rank",
  "max_position_embeddings",
  "mlp_bias",
  "mlp_layer_types",
  "moe_intermediate_size",
  "moe_layer_freq",
  "n_group",
  "n_routed_experts",
  "n_shared_experts",
  "norm_topk_prob",
  "num_attention_heads",
  "num_experts_per_tok",
  "num_hidden_layers",
  "num_key_value_heads",
  "num_local_experts",
  "num_mtp_layers",
  "num_nextn_predict_layers",
  "original_max_position_embeddings",
  "partial_rotary_factor",
  "pretraining_tp",
  "q_lora_rank",
  "qk_head_dim",
  "qk_nope_head_dim",
  "qk_rope_head_dim",
  "rms_norm_eps",
  "rope_interleave",
  "rope_parameters",
  "rope_scaling",
  "rope_theta",
  "routed_scaling_factor",
  "scoring_func",
  "topk_group",
  "topk_method",
  "v_head_dim",
  "vocab_size",
];

/** Sides of the blocks of 8-bit floats that have a scale each. */
const BLOCK = [128, 128] as const;

/**
 * The config of a decoder with latent attention and mixtures of experts.
 * @throws ModelConfigError naming the key, and for a key that is not known
 */
export function parseLatentMixtureConfig(
  keys: ConfigKeys,
  { name, defaults }: LatentMixtureFamily,
): LatentMixtureConfig {
  keys.expectOnly(known);
  refuseOthers(keys);
  const common = parseCommon(name, keys, defaults);
  return {
    ...common,
    rmsNormEpsilon: keys.positive("rms_norm_eps", defaults.rms_norm_eps),
    attention: parseAttention(keys, defaults),
    mixture: parseMixture(keys, defaults),
    denseLayers: parseDenseLayers(keys, common.layerCount, defaults),
    intermediateSize: keys.size("intermediate_size", defaults.intermediate_size),
    rope: parseRope(keys, common.maxPositions),
  };
}

/** Layers before the first mixture, by their number or by a list of what each layer is. */
function parseDenseLayers(keys: ConfigKeys, layerCount: number, defaults: LatentMixtureDefaults): number {
  const key = "mlp_layer_types";
  if (!keys.isGiven(key)) return keys.count("first_k_dense_replace", defaults.first_k_dense_replace);
  const types = keys.value(key);
  const expected = phrase`"dense" for the first layers and "sparse" for the others, ${layerCount} in all`;
  if (!Array.isArray(types) || types.length !== layerCount) throw keys.fault(key, expected, types);
  const firstMixture = types.indexOf("sparse");
  const denseLayers = firstMixture === -1 ? layerCount : firstMixture;
  const isInOrder = types.every((type, layer) => type === (layer < denseLayers ? "dense" : "sparse"));
  if (!isInOrder) throw keys.fault(key, expected, types);
  const told = keys.count("first_k_dense_replace", denseLayers);
  if (told === denseLayers) return denseLayers;
  throw keys.fault("first_k_dense_replace", phrase`${denseLayers}, as mlp_layer_types says`, told);
}

/** Refuses what would change the model's numbers if it were passed over. */
function refuseOthers(keys: ConfigKeys): void {
  const expect = (key: string, wanted: string | number | boolean): void => {
    const value = keys.value(key);
    if (keys.isGiven(key) && value !== wanted) throw keys.fault(key, JSON.stringify(wanted), value);
  };
  expect("hidden_act", "silu");
  expect("mlp_bias", false);
  expect("moe_layer_freq", 1);
  expect("scoring_func", "sigmoid");
  expect("topk_method", "noaux_tc");
  expect("pretraining_tp", 1);
  const packing = keys.object("quantization_config");
  if (packing?.text("quant_method") !== "fp8") return;
  const format = packing.text("fmt") ?? "e4m3";
  if (format !== "e4m3") throw packing.fault("fmt", '"e4m3"', format);
  const block = packing.value("weight_block_size");
  if (JSON.stringify(block) !== JSON.stringify(BLOCK)) {
    throw packing.fault("weight_block_size", JSON.stringify(BLOCK), block);
  }
}

function parseAttention(keys: ConfigKeys, defaults: LatentMixtureDefaults): LatentAttentionConfig {
  const headCount = keys.size("num_attention_heads", defaults.num_attention_heads);
  const keyValueHeads = keys.size("num_key_value_heads", headCount);
  if (keyValueHeads !== headCount) {
    throw keys.fault(
      "num_key_value_heads",
      phrase`num_attention_heads ${headCount}, as all heads are of one latent`,
      keyValueHeads,
    );
  }
  const stillSize = keys.size("qk_nope_head_dim", defaults.qk_nope_head_dim);
  const turningSize = keys.size("qk_rope_head_dim", defaults.qk_rope_head_dim);
  if (turningSize % 2 !== 0) {
    throw keys.fault("qk_rope_head_dim", "an even number, as rotary embeddings turn pairs", turningSize);
  }
  return {
    headCount,
    queryLatentSize: keys.isNull("q_lora_rank") ? null : keys.size("q_lora_rank", defaults.q_lora_rank),
    latentSize: keys.size("kv_lora_rank", defaults.kv_lora_rank),
    stillSize,
    turningSize,
    valueSize: keys.size("v_head_dim", defaults.v_head_dim),
    hasPairsSideBySide: keys.flag("rope_interleave", true),
    attentionBias: keys.flag("attention_bias", false),
    attentionScale: scaleOf(keys, stillSize + turningSize),
  };
}

/** 1 / √d, raised where positions are stretched: `mscale_all_dim` says by how much. */
function scaleOf(keys: ConfigKeys, keySize: number): number {
  const scale = keySize ** -0.5;
  const parameters = ropeParameters(keys);
  const type = parameters.text("rope_type") ?? parameters.text("type") ?? "default";
  const mscale = parameters.number("mscale_all_dim", 0);
  if (type === "default" || mscale === 0) return scale;
  return scale * yarnMagnitude(parameters.positive("factor"), mscale) ** 2;
}

function parseMixture(keys: ConfigKeys, defaults: LatentMixtureDefaults): MixtureConfig {
  const expertCount = keys.size(
    "n_routed_experts",
    keys.size("num_local_experts", defaults.n_routed_experts),
  );
  const expertsPerToken = keys.size("num_experts_per_tok", defaults.num_experts_per_tok);
  const expertSize = keys.size("moe_intermediate_size", defaults.moe_intermediate_size);
  const groups = {
    count: keys.size("n_group", defaults.n_group),
    perToken: keys.size("topk_group", defaults.topk_group),
  };
  if (expertCount % groups.count !== 0) {
    throw keys.fault("n_group", phrase`a divisor of n_routed_experts ${expertCount}`, groups.count);
  }
  if (groups.perToken > groups.count) {
    throw keys.fault("topk_group", phrase`at most n_group ${groups.count}`, groups.perToken);
  }
  const within = (expertCount / groups.count) * groups.perToken;
  if (expertsPerToken > within) {
    throw keys.fault(
      "num_experts_per_tok",
      phrase`at most ${within}, the experts of topk_group groups`,
      expertsPerToken,
    );
  }
  return {
    expertCount,
    expertsPerToken,
    expertSize,
    sharedSize: expertSize * keys.count("n_shared_experts", 1),
    weighting: {
      scoring: "sigmoid",
      isNormalised: keys.flag("norm_topk_prob", true),
      factor: keys.positive("routed_scaling_factor", defaults.routed_scaling_factor),
    },
    groups,
  };
}
