import * as tf from "@tensorflow/tfjs-core";
import { ShapeError } from "../errors.js";
import type { Operation } from "../kernel.js";
import { apply } from "../operation.js";

export const addOperation: Operation<null> = {
  name: "add",
  forward: ([a, b]) => ({ output: tf.add(a, b), saved: [] }),
  pullback: (gradient, _saved, _attributes, needed) =>
    needed.map((wanted) => (wanted ? gradient.clone() : null)),
};

export const scaleOperation: Operation<{ readonly factor: number }> = {
  name: "scale",
  forward: ([x], { factor }) => ({ output: tf.mul(x, factor), saved: [] }),
  pullback: (gradient, _saved, { factor }) => [tf.mul(gradient, factor)],
};

export const multiplyOperation: Operation<null> = {
  name: "multiply",
  forward: ([x, row], _attributes, [needsX, needsRow]) => ({
    output: tf.mul(x, row),
    saved: [needsRow ? x : null, needsX ? row : null],
  }),
  pullback: (gradient, [x, row], _attributes, [needsX, needsRow]) => [
    needsX ? tf.mul(gradient, row as tf.Tensor) : null,
    needsRow ? tf.sum(tf.mul(gradient, x as tf.Tensor), 0) : null,
  ],
};

export const reshapeOperation: Operation<{
  readonly shape: readonly number[];
  readonly from: readonly number[];
}> = {
  name: "reshape",
  forward: ([x], { shape }) => ({ output: tf.reshape(x, [...shape]), saved: [] }),
  pullback: (gradient, _saved, { from }) => [tf.reshape(gradient, [...from])],
};

/** a + b of equal shapes; the caller owns the result. @throws ShapeError */
export function add<Input extends tf.Tensor>(a: Input, b: Input): Input {
  if (!tf.util.arraysEqual(a.shape, b.shape))
    throw new ShapeError("add", `b [${a.shape.join(", ")}]`, b.shape);
  return apply(addOperation, [a, b], null) as Input;
}

/** factor · x for a constant factor; the caller owns the result. */
export function scale<Input extends tf.Tensor>(x: Input, factor: number): Input {
  return apply(scaleOperation, [x], { factor }) as Input;
}

/** Each row of x times one row: y[n, o] = x[n, o] · row[o]. @param x [N, O] @param row [O] @throws ShapeError */
export function multiplyRows(x: tf.Tensor2D, row: tf.Tensor1D): tf.Tensor2D {
  if (row.rank !== 1 || x.shape[1] !== row.shape[0]) {
    throw new ShapeError("multiplyRows", `row [${x.shape[1]}]`, row.shape);
  }
  return apply(multiplyOperation, [x, row], null) as tf.Tensor2D;
}

/** The same values under another shape; the caller owns the result. */
export function reshape<Output extends tf.Tensor>(x: tf.Tensor, shape: readonly number[]): Output {
  return apply(reshapeOperation, [x], { shape, from: x.shape }) as Output;
}
