import * as tf from "@tensorflow/tfjs-core";
import { ShapeError } from "../errors.js";
import type { Operation } from "../kernel.js";
import { apply } from "../operation.js";

interface ReorderAttributes {
  readonly order: Int32Array;
}

const gathered = (x: tf.Tensor, order: Int32Array): tf.Tensor => tf.gather(x, tf.tensor1d(order, "int32"), 1);

export const reorderColumnsOperation: Operation<ReorderAttributes> = {
  name: "reorderColumns",
  forward: ([x], { order }) => ({ output: gathered(x, order), saved: [] }),
  pullback(gradient, _saved, { order }) {
    const back = new Int32Array(order.length);
    order.forEach((from, to) => (back[from] = to));
    return [gathered(gradient, back)];
  },
};

/**
 * The columns of a matrix in another order: y[n, c] = x[n, order[c]].
 *
 * @param x [N, C]   @param order each of the C column numbers once
 * @returns [N, C], owned by the caller
 * @throws ShapeError when the order is none of the matrix's columns
 */
export function reorderColumns(x: tf.Tensor2D, order: Int32Array): tf.Tensor2D {
  const columns = new Set(order.filter((column) => column >= 0 && column < x.shape[1]));
  if (x.rank !== 2 || order.length !== x.shape[1] || columns.size !== order.length) {
    throw new ShapeError("reorderColumns", `x [N, ${order.length}] and each column once`, x.shape);
  }
  return apply(reorderColumnsOperation, [x], { order }) as tf.Tensor2D;
}
