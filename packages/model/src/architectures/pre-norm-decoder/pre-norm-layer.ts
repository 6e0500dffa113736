import { add, embedding, rmsNorm } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import type { LayerContext, LayerWeights } from "../architecture.js";

/** Names of the norms before a layer's halves. */
export const layerNorms = {
  input: "input_layernorm.weight",
  postAttention: "post_attention_layernorm.weight",
} as const;

/** What the two halves of a layer compute, recorded on the active tape. */
export interface LayerHalves {
  /**
   * @param normed [N, h]   @param wanted picks the M rows that are wanted
   * @returns [M, h]
   */
  readonly attention: (normed: tf.Tensor2D, wanted: (rows: tf.Tensor2D) => tf.Tensor2D) => tf.Tensor2D;
  /** @param normed [M, h] @returns [M, h] */
  readonly feed: (normed: tf.Tensor2D) => tf.Tensor2D;
}

/**
 * One pre-norm layer: x + attention(norm(x)), then y + feed(norm(y)).
 *
 * @param x [N, h]
 * @returns [N, h], or [M, h] with `positions`, owned by the caller
 */
export function preNormLayer(
  epsilon: number,
  weights: LayerWeights,
  x: tf.Tensor2D,
  context: LayerContext,
  { attention, feed }: LayerHalves,
): tf.Tensor2D {
  // What one half leaves behind is gone before the next: the widest activations are in the second.
  const y = attendedStream(epsilon, weights, x, context, attention);
  try {
    return fedStream(epsilon, weights, y, context, feed);
  } finally {
    y.dispose();
  }
}

/** x + attention(norm(x)). @param x [N, h] @returns [M, h], owned by the caller */
export function attendedStream(
  epsilon: number,
  { vectors }: LayerWeights,
  x: tf.Tensor2D,
  { dropped, handed, joined, positions }: LayerContext,
  attention: LayerHalves["attention"],
): tf.Tensor2D {
  const wanted = (rows: tf.Tensor2D): tf.Tensor2D => (positions ? embedding(rows, positions) : rows);
  return tf.tidy(() => {
    const normed = handed(rmsNorm(x, vectors[layerNorms.input], epsilon));
    const attended = joined(attention(normed, wanted));
    return add(wanted(x), dropped(attended, "attention"));
  });
}

/** y + feed(norm(y)). @param y [M, h] @returns [M, h], owned by the caller */
export function fedStream(
  epsilon: number,
  { vectors }: LayerWeights,
  y: tf.Tensor2D,
  { dropped, handed, joined }: LayerContext,
  feed: LayerHalves["feed"],
): tf.Tensor2D {
  return tf.tidy(() => {
    const fed = joined(feed(handed(rmsNorm(y, vectors[layerNorms.postAttention], epsilon))));
    return add(y, dropped(fed, "mlp"));
  });
}
