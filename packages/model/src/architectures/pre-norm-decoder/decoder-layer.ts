import type * as tf from "@tensorflow/tfjs-core";
import type { LayerContext, LayerWeights } from "../architecture.js";
import type { DecoderConfig } from "./decoder-config.js";
import { decoderPaths } from "./decoder-parts.js";
import { groupedAttention } from "./grouped-attention.js";
import { gatedMlpOf } from "./mlp.js";
import { preNormLayer } from "./pre-norm-layer.js";

/**
 * One pre-norm decoder layer with grouped attention and a gated MLP.
 *
 * @param x [N, h]
 * @returns [N, h], or [M, h] with `positions`, owned by the caller
 */
export function decoderLayer(
  config: DecoderConfig,
  weights: LayerWeights,
  x: tf.Tensor2D,
  context: LayerContext,
): tf.Tensor2D {
  const { gate, up, down } = decoderPaths;
  const { linears } = weights;
  return preNormLayer(config.rmsNormEpsilon, weights, x, context, {
    attention: (normed, wanted) => groupedAttention(config, weights, normed, context, wanted),
    feed: (normed) => gatedMlpOf({ gate: linears[gate], up: linears[up], down: linears[down] }, normed),
  });
}
