import type * as tf from "@tensorflow/tfjs-core";
import { ShapeError } from "../errors.js";
import type { Operation } from "../kernel.js";
import { apply, kernelFor } from "../operation.js";
import { embeddingOperation } from "./embedding.js";

interface SumRowsAttributes {
  readonly ids: Int32Array;
  /** Rows of the sum. */
  readonly rows: number;
}

/** The transpose of a look-up: forward and pullback are those of `embedding`, the other way round. */
export const sumRowsOperation: Operation<SumRowsAttributes> = {
  name: "sumRows",
  forward([x], attributes) {
    const [output] = kernelFor(embeddingOperation, attributes).pullback(x, [], attributes, [true]);
    return { output: output as tf.Tensor, saved: [] };
  },
  pullback(gradient, _saved, attributes) {
    const { forward } = kernelFor(embeddingOperation, attributes);
    return [forward([gradient], attributes, [false], null).output];
  },
};

/**
 * Adds rows at their places: y[ids[m]] = Σ x[m] over all m with that number, 0 where there is none.
 *
 * @param x [M, C]   @param ids M row numbers of the sum   @param rows of the sum
 * @returns [rows, C], owned by the caller
 * @throws ShapeError, RangeError on a number that is no row of the sum
 */
export function sumRows(x: tf.Tensor2D, ids: Int32Array, rows: number): tf.Tensor2D {
  if (x.rank !== 2 || x.shape[0] !== ids.length) {
    throw new ShapeError("sumRows", `x [${ids.length}, C]`, x.shape);
  }
  const outside = ids.find((id) => id < 0 || id >= rows);
  if (outside !== undefined) throw new RangeError(`sumRows: row ${outside} is outside a sum of ${rows} rows`);
  return apply(sumRowsOperation, [x], { ids, rows }) as tf.Tensor2D;
}
