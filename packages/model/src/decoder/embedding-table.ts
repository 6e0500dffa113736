import { type WeightMatrix, widenWeights } from "@lathe/kernels";
import { nativeTensor } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { once } from "../checkpoint/mapped-file.js";
import { kernelsInUse } from "../checkpoint/weight-memory.js";

/** The frozen input embedding. It stays in the type and the place it is stored in; only rows in use are widened. */
export class EmbeddingTable {
  readonly #release: () => void;

  /**
   * @param weight [V, h]
   * @param release gives back what the weight lies in, once, when the table is disposed; left out where that is another's, as
   * with a tied head
   */
  constructor(
    readonly weight: WeightMatrix,
    release: () => void = () => undefined,
  ) {
    this.#release = once(release);
  }

  /** [V, h] */
  get shape(): readonly [rows: number, width: number] {
    return this.weight.shape;
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
    const kernels = kernelsInUse();
    if (kernels) {
      return nativeTensor(shape, (values) => {
        kernels.gatherRows(this.weight, ids, values);
      }) as tf.Tensor2D;
    }
    const values = new Float32Array(ids.length * width);
    ids.forEach((id, n) => {
      values.set(widenWeights(this.weight, id, id + 1), n * width);
    });
    return tf.tensor2d(values, shape);
  }

  /** Gives back what the table reads from; a second call is harmless. */
  dispose(): void {
    this.#release();
  }
}
