import { reshape, rmsNorm, rope } from "@lathe/tensor";
import type * as tf from "@tensorflow/tfjs-core";
import type { LayerContext, LayerWeights } from "../architecture.js";
import type { GroupedAttentionConfig } from "./decoder-config.js";
import { decoderNorms, decoderPaths } from "./decoder-parts.js";
import { forwardTogether } from "./forward-together.js";

/**
 * Grouped attention of a layer (arXiv:2305.13245) with rotary positions, recorded on the active tape.
 *
 * @param normed [N, h]   @param wanted picks the rows that are wanted before the last product
 * @returns [M, h], owned by the caller
 */
export function groupedAttention(
  config: GroupedAttentionConfig,
  { linears, vectors }: LayerWeights,
  normed: tf.Tensor2D,
  { angles, attend }: LayerContext,
  wanted: (rows: tf.Tensor2D) => tf.Tensor2D,
): tf.Tensor2D {
  const { headCount, keyValueHeadCount, headSize, rmsNormEpsilon: epsilon } = config;
  const { query, key, value, output } = decoderPaths;
  const [rows] = normed.shape;

  const [queries, keys, values] = forwardTogether([linears[query], linears[key], linears[value]], normed);
  const heads = (y: tf.Tensor2D, count: number): tf.Tensor3D => reshape(y, [rows, count, headSize]);
  const turned = (y: tf.Tensor3D, norm: tf.Tensor1D | undefined): tf.Tensor3D =>
    rope(norm ? rmsNorm(y, norm, epsilon) : y, angles);
  const q = turned(heads(queries, headCount), vectors[decoderNorms.query]);
  const k = turned(heads(keys, keyValueHeadCount), vectors[decoderNorms.key]);
  const v = heads(values, keyValueHeadCount);
  const attended: tf.Tensor2D = reshape(attend(q, k, v), [rows, headCount * headSize]);
  return linears[output].forward(wanted(attended));
}
