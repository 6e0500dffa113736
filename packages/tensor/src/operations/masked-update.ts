import type { ZeroMask } from "@lathe/kernels";
import * as tf from "@tensorflow/tfjs-core";
import { ShapeError } from "../errors.js";
import type { Operation } from "../kernel.js";
import { apply } from "../operation.js";
import { product } from "../product.js";

interface Attributes {
  readonly scale: number;
  readonly zeros: ZeroMask;
}

/** Sets the masked elements of a matrix to zero; the result is new. @param x [O, I] */
function without(x: tf.Tensor2D, zeros: ZeroMask): tf.Tensor2D {
  const factors = new Float32Array(x.size).fill(1);
  zeros.apply(factors);
  return tf.mul(x, tf.tensor2d(factors, x.shape));
}

/** The update that is left: Z ⊙ (s · B A). */
const updateOf = (a: tf.Tensor2D, b: tf.Tensor2D, { scale, zeros }: Attributes): tf.Tensor2D =>
  without(tf.mul(product(b, a), scale), zeros);

export const maskedUpdateOperation: Operation<Attributes> = {
  name: "maskedUpdate",
  forward(inputs, attributes, needed) {
    const [x, a, b] = inputs as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
    const output = product(x, updateOf(a, b, attributes), false, true);
    // The update is as large as the weight, so it is made again rather than kept.
    const keeps = needed.includes(true);
    return { output, saved: keeps ? [needed[1] || needed[2] ? x : null, a, b] : [] };
  },
  pullback(gradient, saved, attributes, [needsX, needsA, needsB]) {
    const dy = gradient as tf.Tensor2D;
    const [x, a, b] = saved as [tf.Tensor2D | null, tf.Tensor2D, tf.Tensor2D];
    const { scale, zeros } = attributes;
    const dUpdate = x ? tf.mul(without(product(dy, x, true), zeros), scale) : null;
    return [
      needsX ? product(dy, updateOf(a, b, attributes)) : null,
      needsA ? product(b, dUpdate as tf.Tensor2D, true) : null,
      needsB ? product(dUpdate as tf.Tensor2D, a, false, true) : null,
    ];
  },
};

/**
 * x (Z ⊙ (s · B A))ᵀ: a low-rank update that leaves zeros of a weight zero. It is as wide as the weight, so a pass costs a product
 * with a dense matrix, forward, for dx and for the gradient of the update.
 *
 * Axes: N rows, I inputs, O outputs, r rank.
 * @param x [N, I]   @param a [r, I]   @param b [O, r]
 * @param zeros elements of [O, I] that the update leaves alone
 * @returns [N, O], owned by the caller
 * @throws ShapeError
 */
export function maskedUpdate(
  x: tf.Tensor2D,
  a: tf.Tensor2D,
  b: tf.Tensor2D,
  scale: number,
  zeros: ZeroMask,
): tf.Tensor2D {
  const [outFeatures, inFeatures] = zeros.shape;
  const [rank] = a.shape;
  if (x.shape[1] !== inFeatures) throw new ShapeError("maskedUpdate", `x [N, ${inFeatures}]`, x.shape);
  if (a.shape[1] !== inFeatures) throw new ShapeError("maskedUpdate", `a [r, ${inFeatures}]`, a.shape);
  if (b.shape[0] !== outFeatures || b.shape[1] !== rank) {
    throw new ShapeError("maskedUpdate", `b [${outFeatures}, ${rank}]`, b.shape);
  }
  return apply(maskedUpdateOperation, [x, a, b], { scale, zeros }) as tf.Tensor2D;
}
