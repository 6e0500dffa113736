import { add, embedding, reshape, rmsNorm, rope, type RotaryAngles } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import type { ModelConfig } from "../config/model-config.js";
import { forwardTogether } from "./forward-together.js";
import type { Linear } from "./linear.js";
import { mlp } from "./mlp.js";

/** Names of a layer's linears, as in checkpoints. */
export const layerLinearNames = [
  "q_proj",
  "k_proj",
  "v_proj",
  "o_proj",
  "gate_proj",
  "up_proj",
  "down_proj",
] as const;

/** Name of one of a layer's linears. */
export type LayerLinearName = (typeof layerLinearNames)[number];

/** The parts of one decoder layer. The linears may be exchanged while the model lives. */
export interface DecoderLayer {
  readonly linears: Record<LayerLinearName, Linear>;
  /** [h] */
  readonly inputNorm: tf.Tensor1D;
  /** [h] */
  readonly postAttentionNorm: tf.Tensor1D;
  /** [d], where queries are normalised a head (qwen3) */
  readonly queryNorm: tf.Tensor1D | null;
  /** [d] */
  readonly keyNorm: tf.Tensor1D | null;
}

/** Attention over the rows at hand, or over those and a cache. q [N, H, d], k and v [N, G, d] → [N, H, d] */
export type Attend = (q: tf.Tensor3D, k: tf.Tensor3D, v: tf.Tensor3D) => tf.Tensor3D;

/**
 * One pre-norm decoder layer: x + attention(norm(x)), then y + mlp(norm(y)).
 *
 * @param x [N, h]
 * @param positions of the M rows that are wanted, all if left out; the others end as keys and values
 * @returns [N, h], or [M, h] with `positions`, owned by the caller
 */
export function decoderLayer(
  x: tf.Tensor2D,
  layer: DecoderLayer,
  config: ModelConfig,
  angles: RotaryAngles,
  attend: Attend,
  positions?: Int32Array,
): tf.Tensor2D {
  // What one half leaves behind is gone before the next: the widest activations are in the second.
  const y = tf.tidy(() => afterAttention(x, layer, config, angles, attend, positions));
  try {
    return tf.tidy(() =>
      add(y, mlp(layer.linears, rmsNorm(y, layer.postAttentionNorm, config.rmsNormEpsilon))),
    );
  } finally {
    y.dispose();
  }
}

/** x + attention(norm(x)), of the rows that are wanted. */
function afterAttention(
  x: tf.Tensor2D,
  layer: DecoderLayer,
  config: ModelConfig,
  angles: RotaryAngles,
  attend: Attend,
  positions?: Int32Array,
): tf.Tensor2D {
  const { headCount, keyValueHeadCount, headSize, rmsNormEpsilon: epsilon } = config;
  const { linears } = layer;
  const rows = x.shape[0];

  const normed = rmsNorm(x, layer.inputNorm, epsilon);
  const [queries, keys, values] = forwardTogether([linears.q_proj, linears.k_proj, linears.v_proj], normed);
  const heads = (y: tf.Tensor2D, count: number): tf.Tensor3D => reshape(y, [rows, count, headSize]);
  const turned = (y: tf.Tensor3D, norm: tf.Tensor1D | null): tf.Tensor3D =>
    rope(norm ? rmsNorm(y, norm, epsilon) : y, angles);
  const q = turned(heads(queries, headCount), layer.queryNorm);
  const k = turned(heads(keys, keyValueHeadCount), layer.keyNorm);
  const v = heads(values, keyValueHeadCount);
  const attended: tf.Tensor2D = reshape(attend(q, k, v), [rows, headCount * headSize]);
  const wanted = (y: tf.Tensor2D): tf.Tensor2D => (positions ? embedding(y, positions) : y);
  return add(wanted(x), linears.o_proj.forward(wanted(attended)));
}
