import * as tf from "@tensorflow/tfjs-core";
import type { Operation } from "./kernel.js";
import { kernelFor } from "./operation.js";

/** The transpose of a matrix, as an operation of its own so that an engine can do it fast. */
export const transposeOperation: Operation<null> = {
  name: "transpose",
  forward: ([x]) => ({ output: tf.transpose(x), saved: [] }),
  pullback: (gradient) => [tf.transpose(gradient)],
};

/** xᵀ, without a record on the tape. @param x [R, C] @returns [C, R] */
export function transposed(x: tf.Tensor2D): tf.Tensor2D {
  return kernelFor(transposeOperation, null).forward([x], null, [false], null).output as tf.Tensor2D;
}

/**
 * op(a) · op(b) of two matrices, without a record on the tape.
 *
 * Operands are transposed before the product: the wasm backend multiplies untransposed matrices ten times faster than
 * it does with its transpose flags.
 */
export function product(a: tf.Tensor2D, b: tf.Tensor2D, transposeA = false, transposeB = false): tf.Tensor2D {
  return tf.tidy(() => tf.matMul(transposeA ? transposed(a) : a, transposeB ? transposed(b) : b));
}
