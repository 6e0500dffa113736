import * as tf from "@tensorflow/tfjs";

/** Reads rows of a stored table as float32. */
export type ReadRows = (ids: Int32Array, into: Float32Array) => void;

/** The frozen input embedding. It stays on the host in the type it was stored in; only rows in use are widened. */
export class EmbeddingTable {
  constructor(
    /** [V, h] */
    readonly shape: readonly [rows: number, width: number],
    readonly read: ReadRows,
  ) {}

  /** @param ids N row numbers @returns [N, h], owned by the caller @throws RangeError on an id outside the table */
  lookup(ids: Int32Array): tf.Tensor2D {
    const [rows, width] = this.shape;
    for (let n = 0; n < ids.length; n++) {
      if (ids[n] < 0 || ids[n] >= rows) {
        throw new RangeError(`token id ${ids[n]} at position ${n} is outside the vocabulary of ${rows}`);
      }
    }
    const values = new Float32Array(ids.length * width);
    this.read(ids, values);
    return tf.tensor2d(values, [ids.length, width]);
  }
}
