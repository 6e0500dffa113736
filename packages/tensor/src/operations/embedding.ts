import * as tf from "@tensorflow/tfjs-core";
import { ShapeError } from "../errors.js";
import type { Operation } from "../kernel.js";
import { apply } from "../operation.js";

interface EmbeddingAttributes {
  readonly ids: Int32Array;
  /** Rows of the table. */
  readonly rows: number;
}

export const embeddingOperation: Operation<EmbeddingAttributes> = {
  name: "embedding",
  forward: ([table], { ids }) => ({ output: tf.gather(table, tf.tensor1d(ids, "int32")), saved: [] }),
  pullback(gradient, _saved, { ids, rows }) {
    // On the host: UnsortedSegmentSum, the gradient of gather, is missing on the wasm backend.
    const width = gradient.shape[1] as number;
    const sums = new Float32Array(rows * width);
    const values = gradient.dataSync() as Float32Array;
    for (let n = 0; n < ids.length; n++) {
      const start = ids[n] * width;
      for (let c = 0; c < width; c++) sums[start + c] += values[n * width + c];
    }
    return [tf.tensor2d(sums, [rows, width])];
  },
};

function checkIds(ids: Int32Array, rows: number): void {
  for (const id of ids) {
    if (id < 0 || id >= rows)
      throw new RangeError(`embedding: id ${id} is outside the table of ${rows} rows`);
  }
}

/**
 * Rows of a table: y[n] = table[ids[n]].
 *
 * @param table [V, h]   @param ids N row numbers
 * @returns [N, h], owned by the caller
 * @throws RangeError on an id outside the table
 */
export function embedding(table: tf.Tensor2D, ids: Int32Array): tf.Tensor2D {
  if (table.rank !== 2) throw new ShapeError("embedding", "table [V, h]", table.shape);
  checkIds(ids, table.shape[0]);
  return apply(embeddingOperation, [table], { ids, rows: table.shape[0] }) as tf.Tensor2D;
}
