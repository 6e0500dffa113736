import { nativeTensor } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { once } from "../checkpoint/mapped-file.js";
import { kernelsInUse } from "../checkpoint/weight-memory.js";

/** Reads rows of a stored table as float32. */
export type ReadRows = (ids: Int32Array, into: Float32Array) => void;

/** The frozen input embedding. It stays in the type and the place it is stored in; only rows in use are widened. */
export class EmbeddingTable {
  readonly #release: () => void;

  /** @param release gives back what `read` reads from, once, when the table is disposed */
  constructor(
    /** [V, h] */
    readonly shape: readonly [rows: number, width: number],
    readonly read: ReadRows,
    release: () => void = () => undefined,
  ) {
    this.#release = once(release);
  }

  /** @param ids N row numbers @returns [N, h], owned by the caller @throws RangeError on an id outside the table */
  lookup(ids: Int32Array): tf.Tensor2D {
    const [rows, width] = this.shape;
    for (let n = 0; n < ids.length; n++) {
      if (ids[n] < 0 || ids[n] >= rows) {
        throw new RangeError(`token id ${ids[n]} at position ${n} is outside the vocabulary of ${rows}`);
      }
    }
    const shape: [number, number] = [ids.length, width];
    if (kernelsInUse()) return nativeTensor(shape, (values) => this.read(ids, values)) as tf.Tensor2D;
    const values = new Float32Array(ids.length * width);
    this.read(ids, values);
    return tf.tensor2d(values, shape);
  }

  /** Gives back what the table reads from; a second call is harmless. */
  dispose(): void {
    this.#release();
  }
}
