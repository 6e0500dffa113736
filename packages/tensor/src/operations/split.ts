import * as tf from "@tensorflow/tfjs-core";
import { ShapeError } from "../errors.js";
import type { ManyKernel } from "../kernel.js";
import { applyMany } from "../operation.js";

/** Along which axis a matrix is cut or joined: 0 between rows, 1 between columns. */
export type MatrixAxis = 0 | 1;

interface SplitAttributes {
  readonly sizes: readonly number[];
  readonly axis: MatrixAxis;
  /** Size of the other axis. */
  readonly across: number;
}

const splitKernel: ManyKernel<SplitAttributes> = {
  forward: ([x], { sizes, axis }) => ({ outputs: tf.split(x, [...sizes], axis), saved: [] }),
  pullback: (gradients, _saved, { sizes, axis, across }) => [
    tf.concat(
      gradients.map((gradient, part) => {
        return gradient ?? tf.zeros(axis === 0 ? [sizes[part], across] : [across, sizes[part]]);
      }),
      axis,
    ),
  ],
};

/**
 * Cuts a matrix into parts that lie one after the other.
 *
 * @param x [N, C]   @param sizes of the parts along the axis, at least 1 each, in all the axis' size
 * @returns the parts in order, owned by the caller
 * @throws ShapeError when the sizes are not those of the axis
 */
export function split(x: tf.Tensor2D, sizes: readonly number[], axis: MatrixAxis): tf.Tensor2D[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (x.rank !== 2 || x.shape[axis] !== total || sizes.some((size) => !(size >= 1))) {
    const expected = axis === 0 ? `[${total}, C]` : `[N, ${total}]`;
    throw new ShapeError("split", `x ${expected} and parts of at least 1, [${sizes.join(", ")}]`, x.shape);
  }
  const across = x.shape[axis === 0 ? 1 : 0];
  return applyMany(splitKernel, [x], { sizes, axis, across }) as tf.Tensor2D[];
}
