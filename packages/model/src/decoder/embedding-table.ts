import { type WeightMatrix, widenWeights } from "@lathe/kernels";
import { engineInUse } from "@lathe/tensor";
import type * as tf from "@tensorflow/tfjs-core";
import { once } from "../weights/mapped-file.js";

/** What turns token ids into rows. */
export interface TokenEmbedding {
  /** [V, h] */
  readonly shape: readonly [rows: number, width: number];
  /** @param ids N row numbers @returns [N, h], owned by the caller @throws RangeError on an id outside the table */
  lookup(ids: Int32Array): tf.Tensor2D;
  /** All rows [V, h] in float32, on the host. */
  denseRows(): Float32Array;
  /** Gives back what the rows are read from; a second call is harmless. */
  dispose(): void;
}

/** Expects ids of rows. @throws RangeError naming the first that is none */
export function checkTokens(ids: Int32Array, rows: number): void {
  for (let n = 0; n < ids.length; n++) {
    if (ids[n] < 0 || ids[n] >= rows) {
      throw new RangeError(`token id ${ids[n]} at position ${n} is outside the vocabulary of ${rows}`);
    }
  }
}

/** The frozen input embedding. It stays in the type and the place it is stored in; only rows in use are widened. */
export class EmbeddingTable implements TokenEmbedding {
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

  get shape(): readonly [rows: number, width: number] {
    return this.weight.shape;
  }

  lookup(ids: Int32Array): tf.Tensor2D {
    checkTokens(ids, this.shape[0]);
    return engineInUse().gatherRows(this.weight, ids);
  }

  denseRows(): Float32Array {
    return widenWeights(this.weight, 0, this.shape[0]);
  }

  dispose(): void {
    this.#release();
  }
}
