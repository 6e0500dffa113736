import { ropeInverseFrequencies } from "../../config/rope-frequencies.js";
import type { Architecture, LayerPart, RoutedForward } from "../architecture.js";
import { latentAttention, latentCache, latentHeads } from "../latent-attention/latent-attention.js";
import { latentAttentionParts } from "../latent-attention/latent-attention-parts.js";
import { dividedMixture } from "../mixture/mixture-config.js";
import { mixtureParts } from "../mixture/mixture-parts.js";
import { routedMixture, throughBothParts } from "../mixture/routed-mixture.js";
import { decoderPaths, gatedMlpParts } from "../pre-norm-decoder/decoder-parts.js";
import { gatedMlpOf } from "../pre-norm-decoder/mlp.js";
import { layerNorms, preNormLayer } from "../pre-norm-decoder/pre-norm-layer.js";
import { mixtureLayerBytes } from "../mixture/mixture-layer-bytes.js";
import type { LatentMixtureConfig } from "./latent-mixture-config.js";
import type { LatentMixtureFamily } from "./latent-mixture-family.js";
import { parseLatentMixtureConfig } from "./parse-latent-mixture-config.js";

const isDense = ({ denseLayers }: LatentMixtureConfig, layer: number): boolean => layer < denseLayers;

function parts(config: LatentMixtureConfig, layer: number): LayerPart[] {
  const { hiddenSize, intermediateSize, attention, mixture } = config;
  return [
    { kind: "vector", name: layerNorms.input, size: hiddenSize },
    ...latentAttentionParts(attention, hiddenSize),
    { kind: "vector", name: layerNorms.postAttention, size: hiddenSize },
    ...(isDense(config, layer)
      ? gatedMlpParts(hiddenSize, intermediateSize, false)
      : mixtureParts(mixture, hiddenSize)),
  ];
}

/** Numbers a token over all heads: queries, keys and values in parts and joined, and what attention gave. */
function attentionNumbers({ attention }: LatentMixtureConfig): number {
  const { headCount, latentSize, queryLatentSize, turningSize } = attention;
  const { keySize, valueSize } = latentHeads(attention);
  return (
    headCount * (4 * keySize + 3 * valueSize) + 3 * (latentSize + turningSize) + 2 * (queryLatentSize ?? 0)
  );
}

function routed(config: LatentMixtureConfig, layer: number): RoutedForward | null {
  if (isDense(config, layer)) return null;
  return routedMixture(config.mixture, config.rmsNormEpsilon, (weights, context, normed, wanted) =>
    latentAttention(config.attention, weights, normed, context, wanted),
  );
}

/**
 * The architecture of decoders with latent attention and mixtures of experts (DeepSeek-V3, arXiv:2412.19437). Its layers of
 * multi-token prediction, which lie behind the others in the files, are left out: they play no part in what it predicts.
 */
export function latentMixtureDecoder(family: LatentMixtureFamily): Architecture<LatentMixtureConfig> {
  const { name, className } = family;
  return {
    name,
    className,
    ends: { embedding: "model.embed_tokens.weight", finalNorm: "model.norm.weight", head: "lm_head" },
    layerPrefix: (layer) => `model.layers.${layer}.`,
    parseConfig: (keys) => parseLatentMixtureConfig(keys, family),
    parts,
    divided: (config, size) => ({
      ...config,
      attention: { ...config.attention, headCount: config.attention.headCount / size },
      mixture: dividedMixture(config.mixture, size),
      intermediateSize: config.intermediateSize / size,
    }),
    attention: ({ attention }) => latentHeads(attention),
    cache: ({ attention }) => latentCache(attention),
    rotary: ({ attention, rope }) => ropeInverseFrequencies({ headSize: attention.turningSize, rope }),
    forward(config, layer, weights, x, context) {
      const parts = routed(config, layer);
      if (parts) return throughBothParts(parts, weights, x, context);
      const { linears } = weights;
      const { gate, up, down } = decoderPaths;
      return preNormLayer(config.rmsNormEpsilon, weights, x, context, {
        attention: (normed, wanted) => latentAttention(config.attention, weights, normed, context, wanted),
        feed: (normed) => gatedMlpOf({ gate: linears[gate], up: linears[up], down: linears[down] }, normed),
      });
    },
    routed,
    step: () => null,
    bytes: (config, layer, plan) =>
      mixtureLayerBytes(
        {
          hiddenSize: config.hiddenSize,
          attentionNumbers: attentionNumbers(config),
          feed: isDense(config, layer) ? config.intermediateSize : config.mixture,
          parts: parts(config, layer),
        },
        plan,
      ),
  };
}
