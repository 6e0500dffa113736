import { add, embedding, reshape, rmsNorm, rope } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import type { LayerContext, LayerWeights } from "../architecture.js";
import type { DecoderConfig } from "./decoder-config.js";
import { decoderNorms, decoderPaths } from "./decoder-parts.js";
import { forwardTogether } from "./forward-together.js";
import { gatedMlpOf } from "./mlp.js";

/**
 * One pre-norm decoder layer: x + attention(norm(x)), then y + mlp(norm(y)).
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
  const { linears, vectors } = weights;
  // What one half leaves behind is gone before the next: the widest activations are in the second.
  const y = tf.tidy(() => afterAttention(config, weights, x, context));
  try {
    return tf.tidy(() => {
      const normed = rmsNorm(y, vectors[decoderNorms.postAttention], config.rmsNormEpsilon);
      const { gate, up, down } = decoderPaths;
      const mlp = gatedMlpOf({ gate: linears[gate], up: linears[up], down: linears[down] }, normed);
      return add(y, context.dropped(mlp, "mlp"));
    });
  } finally {
    y.dispose();
  }
}

/** x + attention(norm(x)), of the rows that are wanted. */
function afterAttention(
  config: DecoderConfig,
  { linears, vectors }: LayerWeights,
  x: tf.Tensor2D,
  { angles, attend, dropped, positions }: LayerContext,
): tf.Tensor2D {
  const { headCount, keyValueHeadCount, headSize, rmsNormEpsilon: epsilon } = config;
  const { query, key, value, output } = decoderPaths;
  const rows = x.shape[0];

  const normed = rmsNorm(x, vectors[decoderNorms.input], epsilon);
  const [queries, keys, values] = forwardTogether([linears[query], linears[key], linears[value]], normed);
  const heads = (y: tf.Tensor2D, count: number): tf.Tensor3D => reshape(y, [rows, count, headSize]);
  const turned = (y: tf.Tensor3D, norm: tf.Tensor1D | undefined): tf.Tensor3D =>
    rope(norm ? rmsNorm(y, norm, epsilon) : y, angles);
  const q = turned(heads(queries, headCount), vectors[decoderNorms.query]);
  const k = turned(heads(keys, keyValueHeadCount), vectors[decoderNorms.key]);
  const v = heads(values, keyValueHeadCount);
  const attended: tf.Tensor2D = reshape(attend(q, k, v), [rows, headCount * headSize]);
  const wanted = (y: tf.Tensor2D): tf.Tensor2D => (positions ? embedding(y, positions) : y);
  return add(wanted(x), dropped(linears[output].forward(wanted(attended)), "attention"));
}
