/**
 * DoRA (Liu et al., arXiv:2402.09353): the rows of W + s·B A keep their direction and get a trained length m,
 *
 *   y = c ⊙ (x (W + s·B A)ᵀ) + bias,   c = m / ‖W + s·B A‖ by rows.
 *
 * The norm counts as a constant in the backward pass (§4.3 there). The update is computed as what is added to the
 * base's result z = x Wᵀ + bias, with u = s·(x Aᵀ) Bᵀ: (c − 1) ⊙ (z − bias) + c ⊙ u.
 *
 * Axes: N rows, I inputs, O outputs, r rank.
 */
import type { Linear } from "@lathe/model";
import { apply, type Operation, product, transposed, withTape } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";

export const doraOperation: Operation<null> = {
  name: "dora",
  forward([z, update, magnitude, norms, bias], _attributes, [needsZ, needsUpdate, needsMagnitude]) {
    const factor = tf.div(magnitude, norms);
    const withoutBias = bias ? tf.sub(z, bias) : z;
    const output = tf.add(tf.mul(withoutBias, tf.sub(factor, 1)), tf.mul(update, factor));
    return {
      output,
      saved: [
        needsZ || needsUpdate ? factor : null,
        needsMagnitude ? tf.add(withoutBias, update) : null,
        needsMagnitude ? norms : null,
      ],
    };
  },
  pullback(gradient, saved, _attributes, [needsZ, needsUpdate, needsMagnitude]) {
    const [factor, product, norms] = saved as tf.Tensor[];
    return [
      needsZ ? tf.mul(gradient, tf.sub(factor, 1)) : null,
      needsUpdate ? tf.mul(gradient, factor) : null,
      needsMagnitude ? tf.div(tf.sum(tf.mul(gradient, product), 0), norms) : null,
      null,
      null,
    ];
  },
};

/**
 * What DoRA adds to the result of the base.
 *
 * @param z [N, O], the base's result   @param update [N, O], s·(x Aᵀ) Bᵀ   @param magnitude [O]
 * @param norms [O], ‖W + s·B A‖, a constant   @param bias [O], the part of z that is not a product
 * @returns [N, O], owned by the caller
 */
export function doraUpdate(
  z: tf.Tensor2D,
  update: tf.Tensor2D,
  magnitude: tf.Tensor1D,
  norms: tf.Tensor1D,
  bias: tf.Tensor1D | null,
): tf.Tensor2D {
  const inputs = [z, update, magnitude, norms];
  return apply(doraOperation, bias ? [...inputs, bias] : inputs, null) as tf.Tensor2D;
}

/**
 * ‖W + s·B A‖ by rows, without the sum itself:
 * ‖W‖² + 2 s · rowdot(W Aᵀ, B) + s² · rowdot(B A Aᵀ, B). The base only has to multiply, so it may be packed. Not recorded.
 *
 * @param squaredNorms [O], ‖W‖²   @param bias [O], the base's   @param a [r, I]   @param b [O, r]
 * @returns [O], owned by the caller
 */
export function adaptedRowNorms(
  base: Linear,
  squaredNorms: tf.Tensor1D,
  bias: tf.Tensor1D | null,
  a: tf.Tensor2D,
  b: tf.Tensor2D,
  scale: number,
): tf.Tensor1D {
  return withTape(null, () =>
    tf.tidy(() => {
      const multiplied = base.forward(a);
      const crossed = bias ? tf.sub<tf.Tensor2D>(multiplied, bias) : multiplied; // [r, O]
      const columns = transposed(b); // [r, O]
      const linear = tf.sum(tf.mul(crossed, columns), 0);
      const quadratic = tf.sum(tf.mul(product(product(a, a, false, true), columns), columns), 0);
      const squared = tf.addN([squaredNorms, tf.mul(linear, 2 * scale), tf.mul(quadratic, scale * scale)]);
      // Rounding may bring the square of a vanishing row below zero.
      return tf.sqrt(tf.relu(squared)) as tf.Tensor1D;
    }),
  );
}
