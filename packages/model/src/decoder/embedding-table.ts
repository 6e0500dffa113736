import type { WeightMatrix } from "@lathe/kernels";
import { engineInUse } from "@lathe/tensor";
import type * as tf from "@tensorflow/tfjs-core";
import { once } from "../checkpoint/mapped-file.js";

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
    const [rows] = this.shape;
    for (let n = 0; n < ids.length; n++) {
      if (ids[n] < 0 || ids[n] >= rows) {
        throw new RangeError(`token id ${ids[n]} at position ${n} is outside the vocabulary of ${rows}`);
      }
    }
    return engineInUse().gatherRows(this.weight, ids);
  }

  /** Gives back what the table reads from; a second call is harmless. */
  dispose(): void {
    this.#release();
  }
}
