import { phrase } from "@lathe/files";
import { ropeInverseFrequencies } from "../config/rope-frequencies.js";
import type { ConfigKeys } from "../config/config-keys.js";
import type { Architecture, LayerPart, RoutedForward } from "./architecture.js";
import { mixtureLayerBytes } from "./mixture/mixture-layer-bytes.js";
import { dividedMixture, type MixtureConfig } from "./mixture/mixture-config.js";
import { mixtureParts } from "./mixture/mixture-parts.js";
import { routedMixture, throughBothParts } from "./mixture/routed-mixture.js";
import type { DecoderConfig } from "./pre-norm-decoder/decoder-config.js";
import { decoderLayer } from "./pre-norm-decoder/decoder-layer.js";
import { decoderParts, groupedAttentionParts } from "./pre-norm-decoder/decoder-parts.js";
import { groupedAttention } from "./pre-norm-decoder/grouped-attention.js";
import { type DecoderTraits, parseDecoderConfig } from "./pre-norm-decoder/parse-decoder-config.js";
import { decoderHeads, dividedDecoder } from "./pre-norm-decoder/pre-norm-decoder.js";

/** Qwen3's decoder, some or all layers of which have a mixture of experts. */
export interface Qwen3MoeConfig extends DecoderConfig {
  readonly mixture: MixtureConfig;
  /** By layer: whether it has a mixture. */
  readonly hasMixture: readonly boolean[];
}

const traits: DecoderTraits = {
  name: "qwen3_moe",
  className: "Qwen3MoeForCausalLM",
  vocab_size: 151936,
  hidden_size: 2048,
  intermediate_size: 6144,
  num_hidden_layers: 24,
  num_attention_heads: 32,
  num_key_value_heads: 4,
  head_dim: null,
  max_position_embeddings: 32768,
  bos_token_id: null,
  eos_token_id: null,
  bias: "attention_bias",
  hasMlpBiasKey: false,
  queryKeyNorm: true,
};

function parseConfig(keys: ConfigKeys): Qwen3MoeConfig {
  const decoder = parseDecoderConfig(keys, traits);
  const expertCount = keys.size("num_experts", keys.size("num_local_experts", 128));
  const expertsPerToken = keys.size("num_experts_per_tok", 8);
  if (expertsPerToken > expertCount) {
    throw keys.fault("num_experts_per_tok", phrase`at most num_experts ${expertCount}`, expertsPerToken);
  }
  const every = keys.size("decoder_sparse_step", 1);
  const dense = keys.value("mlp_only_layers") ?? [];
  if (!Array.isArray(dense) || !dense.every((layer) => Number.isSafeInteger(layer))) {
    throw keys.fault("mlp_only_layers", "a list of layer numbers", dense);
  }
  return {
    ...decoder,
    mixture: {
      expertCount,
      expertsPerToken,
      expertSize: keys.size("moe_intermediate_size", 768),
      sharedSize: 0,
      weighting: {
        scoring: "softmax",
        isNormalised: keys.flag("norm_topk_prob", false),
        factor: 1,
      },
      groups: null,
    },
    hasMixture: Array.from(
      { length: decoder.layerCount },
      (_, layer) => (layer + 1) % every === 0 && !dense.includes(layer),
    ),
  };
}

function parts(config: Qwen3MoeConfig, layer: number): readonly LayerPart[] {
  if (!config.hasMixture[layer]) return decoderParts(config);
  return [...groupedAttentionParts(config), ...mixtureParts(config.mixture, config.hiddenSize)];
}

function routed(config: Qwen3MoeConfig, layer: number): RoutedForward | null {
  if (!config.hasMixture[layer]) return null;
  return routedMixture(config.mixture, config.rmsNormEpsilon, (weights, context, normed, wanted) =>
    groupedAttention(config, weights, normed, context, wanted),
  );
}

/** Qwen3 with mixtures of experts (arXiv:2505.09388). */
export const qwen3Moe: Architecture<Qwen3MoeConfig> = {
  name: traits.name,
  className: traits.className,
  ends: { embedding: "model.embed_tokens.weight", finalNorm: "model.norm.weight", head: "lm_head" },
  layerPrefix: (layer) => `model.layers.${layer}.`,
  parseConfig,
  parts,
  divided: (config, size) => ({
    ...dividedDecoder(config, size),
    mixture: dividedMixture(config.mixture, size),
  }),
  attention: decoderHeads,
  cache: (config) => ({ ...decoderHeads(config), valuesAreKeys: false }),
  rotary: ropeInverseFrequencies,
  forward(config, layer, weights, x, context) {
    const parts = routed(config, layer);
    return parts ? throughBothParts(parts, weights, x, context) : decoderLayer(config, weights, x, context);
  },
  routed,
  step: () => null,
  bytes(config, layer, plan) {
    const { hiddenSize, headCount, keyValueHeadCount, headSize, hasMixture, mixture } = config;
    const feed = hasMixture[layer] ? mixture : config.intermediateSize;
    const attentionNumbers = (4 * headCount + 4 * keyValueHeadCount) * headSize;
    return mixtureLayerBytes({ hiddenSize, attentionNumbers, feed, parts: parts(config, layer) }, plan);
  },
};
