import * as tf from "@tensorflow/tfjs-core";
import { ShapeError } from "../errors.js";
import type { Operation } from "../kernel.js";
import { apply } from "../operation.js";
import type { RotaryAngles } from "../rotary-angles.js";

function turn(x: tf.Tensor, { cos, sin }: RotaryAngles, direction: 1 | -1): tf.Tensor {
  const [rows, heads, size] = x.shape;
  const half = size / 2;
  const c = tf.tensor3d(cos, [rows, 1, half]);
  const s = tf.mul(tf.tensor3d(sin, [rows, 1, half]), direction);
  const a = tf.slice(x, [0, 0, 0], [rows, heads, half]);
  const b = tf.slice(x, [0, 0, half], [rows, heads, half]);
  return tf.concat([tf.sub(tf.mul(a, c), tf.mul(b, s)), tf.add(tf.mul(b, c), tf.mul(a, s))], 2);
}

export const ropeOperation: Operation<RotaryAngles> = {
  name: "rope",
  forward: ([x], angles) => ({ output: turn(x, angles, 1), saved: [] }),
  // A rotation's transpose is its inverse; a common factor in cos and sin (YaRN) stays a factor.
  pullback: (gradient, _saved, angles) => [turn(gradient, angles, -1)],
};

/**
 * Cosines and sines for rows at the given positions.
 *
 * @param positions N positions   @param inverseFrequencies d/2 angles a position
 * @param factor on both, 1 unless a scaling of the context asks for another
 */
export function rotaryAngles(
  positions: Int32Array,
  inverseFrequencies: Float64Array,
  factor = 1,
): RotaryAngles {
  const half = inverseFrequencies.length;
  const cos = new Float32Array(positions.length * half);
  const sin = new Float32Array(positions.length * half);
  for (let n = 0; n < positions.length; n++) {
    for (let c = 0; c < half; c++) {
      const angle = positions[n] * inverseFrequencies[c];
      cos[n * half + c] = Math.cos(angle) * factor;
      sin[n * half + c] = Math.sin(angle) * factor;
    }
  }
  return { cos, sin };
}

/**
 * Rotary positions (Su et al., arXiv:2104.09864) in the half-split layout of Transformers: the pair (x[c], x[c + d/2])
 * is turned by its row's angle.
 *
 * @param x [N, H, d], d even   @returns [N, H, d], owned by the caller
 * @throws ShapeError
 */
export function rope(x: tf.Tensor3D, angles: RotaryAngles): tf.Tensor3D {
  const [rows, , size] = x.shape;
  if (x.rank !== 3 || size % 2 !== 0 || angles.cos.length !== (rows * size) / 2) {
    throw new ShapeError("rope", `x [N, H, d] with N · d/2 = ${angles.cos.length}`, x.shape);
  }
  return apply(ropeOperation, [x], angles) as tf.Tensor3D;
}
