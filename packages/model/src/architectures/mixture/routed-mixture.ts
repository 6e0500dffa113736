import { rmsNorm, withTape } from "@lathe/tensor";
import type * as tf from "@tensorflow/tfjs-core";
import type { LayerContext, LayerWeights, RoutedForward } from "../architecture.js";
import {
  attendedStream,
  fedStream,
  type LayerHalves,
  layerNorms,
} from "../pre-norm-decoder/pre-norm-layer.js";
import type { MixtureConfig } from "./mixture-config.js";
import { chosenExperts, mixtureOfExperts } from "./mixture-of-experts.js";

/** Attention of a layer, as {@link LayerHalves} have it. */
export type MixtureAttention = (
  weights: LayerWeights,
  context: LayerContext,
  ...of: Parameters<LayerHalves["attention"]>
) => tf.Tensor2D;

/** A pre-norm layer with a mixture of experts, in two parts of which the second alone needs experts. */
export function routedMixture(
  mixture: MixtureConfig,
  epsilon: number,
  attention: MixtureAttention,
): RoutedForward {
  return {
    expertCount: mixture.expertCount,
    expertsPerToken: mixture.expertsPerToken,
    attend: (weights, x, context) =>
      attendedStream(epsilon, weights, x, context, (...of) => attention(weights, context, ...of)),
    choose(weights, y) {
      const normed = withTape(null, () => rmsNorm(y, weights.vectors[layerNorms.postAttention], epsilon));
      try {
        return chosenExperts(mixture, weights, normed);
      } finally {
        normed.dispose();
      }
    },
    feed: (weights, y, context) =>
      fedStream(epsilon, weights, y, context, (normed) =>
        mixtureOfExperts(mixture, weights, normed, context),
      ),
  };
}

/** Both parts, one after the other. @param x [N, h] @returns [M, h], owned by the caller */
export function throughBothParts(
  { attend, feed }: RoutedForward,
  weights: LayerWeights,
  x: tf.Tensor2D,
  context: LayerContext,
): tf.Tensor2D {
  // What one part leaves behind is gone before the next: the widest activations are in the second.
  const y = attend(weights, x, context);
  try {
    return feed(weights, y, context);
  } finally {
    y.dispose();
  }
}
