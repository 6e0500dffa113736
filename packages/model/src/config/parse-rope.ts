import { phrase } from "@lathe/files";
import { type ConfigKeys, isFilledObject } from "./config-keys.js";
import type { RopeConfig, RopeScaling } from "./model-config.js";

const DEFAULT_ROPE_THETA = 10_000;

/**
 * How positions turn into angles, in either spelling: `rope_scaling` wins over `rope_parameters`, and a theta among the
 * parameters over one beside them.
 * @throws ModelConfigError naming the key
 */
export function parseRope(keys: ConfigKeys, maxPositions: number): RopeConfig {
  const parameters = ropeParameters(keys);
  const theta = parameters.isGiven("rope_theta")
    ? parameters.positive("rope_theta", DEFAULT_ROPE_THETA)
    : keys.positive("rope_theta", DEFAULT_ROPE_THETA);
  const rotatedPart = parameters.value("partial_rotary_factor") ?? keys.value("partial_rotary_factor") ?? 1;
  if (rotatedPart !== 1) {
    throw keys.fault("partial_rotary_factor", "1, as partly rotated heads are not supported", rotatedPart);
  }
  return { theta, scaling: ropeScalingOf(keys, parameters, maxPositions) };
}

/** The object that says how positions are stretched, empty where there is none. */
export function ropeParameters(keys: ConfigKeys): ConfigKeys {
  const spelling = isFilledObject(keys.value("rope_scaling")) ? "rope_scaling" : "rope_parameters";
  return keys.object(spelling) ?? keys.nested(spelling, {});
}

function ropeScalingOf(keys: ConfigKeys, parameters: ConfigKeys, maxPositions: number): RopeScaling | null {
  const type = parameters.text("rope_type") ?? parameters.text("type") ?? "default";
  const originalMaxPositions = () =>
    keys.isGiven("original_max_position_embeddings")
      ? keys.size("original_max_position_embeddings", 0)
      : parameters.size("original_max_position_embeddings", maxPositions);
  switch (type) {
    case "default":
      if (parameters.value("full_attention") !== undefined) {
        throw parameters.fault(
          "full_attention",
          "one rotary embedding for all layers",
          "one for each layer type",
        );
      }
      return null;
    case "linear":
      return { type, factor: parameters.positive("factor") };
    case "llama3": {
      const lowFrequencyFactor = parameters.positive("low_freq_factor");
      const highFrequencyFactor = parameters.positive("high_freq_factor");
      if (highFrequencyFactor <= lowFrequencyFactor) {
        throw parameters.fault(
          "high_freq_factor",
          phrase`more than low_freq_factor ${lowFrequencyFactor}`,
          highFrequencyFactor,
        );
      }
      return {
        type,
        factor: parameters.positive("factor"),
        lowFrequencyFactor,
        highFrequencyFactor,
        originalMaxPositions: originalMaxPositions(),
      };
    }
    case "yarn": {
      const original = originalMaxPositions();
      const factor = parameters.positive("factor", maxPositions / original);
      return {
        type,
        factor,
        originalMaxPositions: original,
        attentionFactor: yarnAttentionFactor(parameters, factor),
        betaFast: parameters.positive("beta_fast", 32),
        betaSlow: parameters.positive("beta_slow", 1),
        truncate: parameters.flag("truncate", true),
      };
    }
    default:
      throw parameters.fault("rope_type", "one of default, linear, llama3, yarn", type);
  }
}

/** YaRN's temperature on the attention logits, arXiv:2309.00071, §3.3, as a factor on cosines and sines. */
function yarnAttentionFactor(parameters: ConfigKeys, factor: number): number {
  if (parameters.isGiven("attention_factor")) return parameters.positive("attention_factor");
  const scaleAt = (mscale: number) => yarnMagnitude(factor, mscale);
  const mscale = parameters.number("mscale", 0);
  const mscaleAllDimensions = parameters.number("mscale_all_dim", 0);
  return mscale !== 0 && mscaleAllDimensions !== 0
    ? scaleAt(mscale) / scaleAt(mscaleAllDimensions)
    : scaleAt(1);
}

/** By how much the logits' root grows with the stretch, YaRN's 0.1 m ln(s) + 1 (arXiv:2309.00071, §3.4). */
export function yarnMagnitude(factor: number, mscale: number): number {
  return factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
}
