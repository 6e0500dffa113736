import { type OnWarning, phrase, type Phrase } from "@lathe/files";
import { LATENT_NORM_EPSILON, type LatentMixtureConfig } from "@lathe/model";
import { ExportError } from "../errors.js";
import type { GgufMetadata, GgufValue } from "./gguf-value.js";

/** What llama.cpp calls decoders with latent attention and mixtures of experts. */
export const LATENT_MIXTURE = "deepseek2";

/** What llama.cpp has for scores that are sigmoids. */
const SIGMOID = 2;

/** llama.cpp has no other way to know of the older models whose queries have no latent. */
const hasNoQueryLatentThere = ({ layerCount, vocabularySize }: LatentMixtureConfig): boolean =>
  layerCount === 26 || layerCount === 27 || (layerCount === 48 && vocabularySize === 128256);

/**
 * `mscale_all_dim` of YaRN: by how much the scale of scores was raised, in the terms of its formula (arXiv:2309.00071, §3.4).
 * 0 where it was not.
 */
function scoreStretch({ attention, rope }: LatentMixtureConfig): number {
  const { stillSize, turningSize, attentionScale } = attention;
  if (rope.scaling?.type !== "yarn" || rope.scaling.factor <= 1) return 0;
  const magnitude = Math.sqrt(attentionScale * Math.sqrt(stillSize + turningSize));
  const stretch = (magnitude - 1) / (0.1 * Math.log(rope.scaling.factor));
  return Math.abs(stretch) < 1e-9 ? 0 : stretch;
}

/**
 * Refuses what llama.cpp would compute differently or not load: it ends the whole process for some of it.
 * @param path of the model, for messages
 * @throws ExportError
 */
export function checkLatentMixture(config: LatentMixtureConfig, path: string, onWarning?: OnWarning): void {
  const { attention, mixture, rope, rmsNormEpsilon } = config;
  const refuse = (part: string, expected: string | Phrase, actual: string): ExportError =>
    new ExportError({ path, part, expected, actual, remedy: "export it as merged safetensors" });
  if (attention.attentionBias) {
    throw refuse("attention_bias", "false, as llama.cpp has no biases there", "true");
  }
  if (!attention.hasPairsSideBySide) {
    throw refuse("rope_interleave", "true, as llama.cpp turns neighbours there", "false");
  }
  if (attention.queryLatentSize !== null && hasNoQueryLatentThere(config)) {
    const expected = phrase`null, which llama.cpp takes a model of ${config.layerCount} layers to have`;
    throw refuse("q_lora_rank", expected, String(attention.queryLatentSize));
  }
  if (mixture.sharedSize === 0) {
    throw refuse("n_shared_experts", "a shared expert, which llama.cpp always computes", "0");
  }
  if (mixture.groups?.count === mixture.expertCount) {
    throw refuse("n_group", "groups of two experts and more", String(mixture.groups.count));
  }
  const { scaling } = rope;
  if (scaling !== null) {
    const isPlain =
      scaling.type === "yarn" &&
      scaling.truncate &&
      Math.abs(scaling.attentionFactor - 1) < 1e-6 &&
      scoreStretch(config) > 0;
    if (!isPlain) {
      const expected = "none, or YaRN with mscale equal to mscale_all_dim, which llama.cpp assumes there";
      throw refuse("rope_scaling", expected, scaling.type);
    }
  }
  if (rmsNormEpsilon !== LATENT_NORM_EPSILON) {
    onWarning?.(
      phrase`llama.cpp takes rms_norm_eps ${rmsNormEpsilon} for the norms of latents too, where the model has ${LATENT_NORM_EPSILON}: its numbers differ a little`,
    );
  }
}

/** The values that describe a model's shape; attention is described as one head of keys and values over the latents. */
export function latentMixtureShape(config: LatentMixtureConfig): GgufMetadata {
  const { attention, mixture, rope } = config;
  const { latentSize, stillSize, turningSize, valueSize } = attention;
  const { weighting, groups } = mixture;
  const values = new Map<string, GgufValue>();
  const put = (key: string, value: GgufValue): void => {
    values.set(`${LATENT_MIXTURE}.${key}`, value);
  };
  const u32 = (key: string, value: number): void => put(key, { type: "u32", value });
  const f32 = (key: string, value: number): void => put(key, { type: "f32", value });
  u32("block_count", config.layerCount);
  u32("context_length", config.maxPositions);
  u32("embedding_length", config.hiddenSize);
  u32("feed_forward_length", config.intermediateSize);
  u32("leading_dense_block_count", config.denseLayers);
  u32("attention.head_count", attention.headCount);
  u32("attention.head_count_kv", 1);
  u32("attention.q_lora_rank", attention.queryLatentSize ?? 0);
  u32("attention.kv_lora_rank", latentSize);
  u32("attention.key_length", latentSize + turningSize);
  u32("attention.value_length", latentSize);
  u32("attention.key_length_mla", stillSize + turningSize);
  u32("attention.value_length_mla", valueSize);
  f32("attention.layer_norm_rms_epsilon", config.rmsNormEpsilon);
  u32("expert_feed_forward_length", mixture.expertSize);
  u32("expert_count", mixture.expertCount);
  u32("expert_used_count", mixture.expertsPerToken);
  u32("expert_shared_count", mixture.sharedSize / mixture.expertSize);
  f32("expert_weights_scale", weighting.factor);
  put("expert_weights_norm", { type: "bool", value: weighting.isNormalised });
  u32("expert_gating_func", SIGMOID);
  // llama.cpp ends the process where all of several groups are taken, which is to have one.
  const isOneGroup = groups === null || groups.perToken === groups.count;
  u32("expert_group_count", isOneGroup ? 1 : groups.count);
  u32("expert_group_used_count", isOneGroup ? 1 : groups.perToken);
  f32("rope.freq_base", rope.theta);
  u32("rope.dimension_count", turningSize);
  if (rope.scaling?.type === "yarn") {
    put("rope.scaling.type", { type: "string", value: "yarn" });
    f32("rope.scaling.factor", rope.scaling.factor);
    u32("rope.scaling.original_context_length", rope.scaling.originalMaxPositions);
    f32("rope.scaling.yarn_beta_fast", rope.scaling.betaFast);
    f32("rope.scaling.yarn_beta_slow", rope.scaling.betaSlow);
    f32("rope.scaling.yarn_log_multiplier", 0.1 * scoreStretch(config));
  }
  u32("vocab_size", config.vocabularySize);
  return values;
}
