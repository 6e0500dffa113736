import * as tf from "@tensorflow/tfjs-core";
import { ShapeError } from "../errors.js";
import type { Operation } from "../kernel.js";
import { apply } from "../operation.js";

export const scaleRowsOperation: Operation<null> = {
  name: "scaleRows",
  forward: ([x, factors], _attributes, [needsX, needsFactors]) => ({
    output: tf.mul(x, tf.expandDims(factors, 1)),
    saved: [needsFactors ? x : null, needsX ? factors : null],
  }),
  pullback: (gradient, [x, factors], _attributes, [needsX, needsFactors]) => [
    needsX ? tf.mul(gradient, tf.expandDims(factors as tf.Tensor, 1)) : null,
    needsFactors ? tf.sum(tf.mul(gradient, x as tf.Tensor), 1) : null,
  ],
};

/**
 * Each row times a number of its own: y[n, c] = factors[n] · x[n, c].
 *
 * @param x [N, C]   @param factors [N]   @returns [N, C], owned by the caller
 * @throws ShapeError
 */
export function scaleRows(x: tf.Tensor2D, factors: tf.Tensor1D): tf.Tensor2D {
  if (x.rank !== 2 || factors.rank !== 1 || factors.shape[0] !== x.shape[0]) {
    throw new ShapeError("scaleRows", `factors [${x.shape[0]}]`, factors.shape);
  }
  return apply(scaleRowsOperation, [x, factors], null) as tf.Tensor2D;
}
