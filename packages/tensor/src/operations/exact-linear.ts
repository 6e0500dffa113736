import type * as tf from "@tensorflow/tfjs-core";
import { ShapeError } from "../errors.js";
import type { Operation } from "../kernel.js";
import { apply } from "../operation.js";
import { product } from "../product.js";

export const exactLinearOperation: Operation<null> = {
  name: "exactLinear",
  forward([x, weight], _attributes, [needsX, needsWeight]) {
    const output = product(x as tf.Tensor2D, weight as tf.Tensor2D, false, true);
    return { output, saved: [needsWeight ? x : null, needsX ? weight : null] };
  },
  pullback(gradient, [x, weight], _attributes, [needsX, needsWeight]) {
    const dy = gradient as tf.Tensor2D;
    return [
      needsX ? product(dy, weight as tf.Tensor2D) : null,
      needsWeight ? product(dy, x as tf.Tensor2D, true) : null,
    ];
  },
};

/**
 * y = x Wᵀ in float32 whatever precision the engine was started with: for small products that decide, such as those of a
 * router, where rounding would send tokens elsewhere.
 *
 * @param x [N, I]   @param weight [O, I]   @returns [N, O], owned by the caller
 * @throws ShapeError
 */
export function exactLinear(x: tf.Tensor2D, weight: tf.Tensor2D): tf.Tensor2D {
  if (x.rank !== 2 || weight.rank !== 2 || x.shape[1] !== weight.shape[1]) {
    throw new ShapeError("exactLinear", `x [N, ${weight.shape[1]}]`, x.shape);
  }
  return apply(exactLinearOperation, [x, weight], null) as tf.Tensor2D;
}
