import { ropeInverseFrequencies } from "../../config/rope-frequencies.js";
import type { AttentionHeads } from "@lathe/tensor";
import type { Architecture } from "../architecture.js";
import { decoderBytes } from "./decoder-bytes.js";
import type { DecoderConfig } from "./decoder-config.js";
import { decoderLayer } from "./decoder-layer.js";
import { decoderParts } from "./decoder-parts.js";
import { type DecoderTraits, parseDecoderConfig } from "./parse-decoder-config.js";
import { decoderStep } from "./decoder-step.js";

/** The architecture of decoders with RMS norms before grouped attention and a gated MLP, rotary positions, all layers alike. */
export function preNormDecoder(traits: DecoderTraits): Architecture<DecoderConfig> {
  return {
    name: traits.name,
    className: traits.className,
    ends: { embedding: "model.embed_tokens.weight", finalNorm: "model.norm.weight", head: "lm_head" },
    layerPrefix: (layer) => `model.layers.${layer}.`,
    parseConfig: (keys) => parseDecoderConfig(keys, traits),
    parts: decoderParts,
    divided: dividedDecoder,
    attention: decoderHeads,
    cache: (config) => ({ ...decoderHeads(config), valuesAreKeys: false }),
    rotary: ropeInverseFrequencies,
    forward: (config, _layer, weights, x, context) => decoderLayer(config, weights, x, context),
    routed: () => null,
    step: (config, _layer, weights) => decoderStep(config, weights),
    bytes: (config, _layer, plan) => decoderBytes(config, plan),
  };
}

/** The share of a decoder: some of its heads, with their keys and values, and of the width of its MLP. */
export const dividedDecoder = <Config extends DecoderConfig>(config: Config, size: number): Config => ({
  ...config,
  headCount: config.headCount / size,
  keyValueHeadCount: Math.max(1, config.keyValueHeadCount / size),
  intermediateSize: config.intermediateSize / size,
});

/** Heads of grouped attention, all of one size. */
export const decoderHeads = ({
  headCount,
  keyValueHeadCount,
  headSize,
}: Pick<DecoderConfig, "headCount" | "keyValueHeadCount" | "headSize">): AttentionHeads => ({
  headCount,
  keyValueHeadCount,
  keySize: headSize,
  valueSize: headSize,
  scale: 1 / Math.sqrt(headSize),
});
