import type { Linear } from "@lathe/model";
import { engineInUse } from "@lathe/tensor";
import type * as tf from "@tensorflow/tfjs-core";

/** Sums of squares of inputs that several linears share, so that they are added up once. */
export class SharedSquares {
  readonly #known = new WeakMap<tf.DataId, Float64Array>();

  /** Sums over rows. @param x [N, I] @returns [I] */
  of(x: tf.Tensor2D): Float64Array {
    const known = this.#known.get(x.dataId);
    if (known) return known;
    const [rows, columns] = x.shape;
    const values = engineInUse().valuesInPlace(x);
    const sums = new Float64Array(columns);
    for (let row = 0; row < rows; row++) {
      const first = row * columns;
      for (let column = 0; column < columns; column++) sums[column] += values[first + column] ** 2;
    }
    this.#known.set(x.dataId, sums);
    return sums;
  }
}

/** A linear that adds up the squares of what it is given. It borrows the one that computes. */
export class ObservedLinear implements Linear {
  /** [I], over all rows so far */
  readonly squares: Float64Array;
  readonly #shared: SharedSquares;

  constructor(
    readonly base: Linear,
    shared: SharedSquares,
  ) {
    this.#shared = shared;
    this.squares = new Float64Array(base.shape[1]);
  }

  get shape(): readonly [outFeatures: number, inFeatures: number] {
    return this.base.shape;
  }

  forward(x: tf.Tensor2D): tf.Tensor2D {
    const sums = this.#shared.of(x);
    for (let i = 0; i < sums.length; i++) this.squares[i] += sums[i];
    return this.base.forward(x);
  }

  denseWeight(): Float32Array {
    return this.base.denseWeight();
  }

  denseBias(): Float32Array | null {
    return this.base.denseBias();
  }

  dispose(): void {
    // The base belongs to the model.
  }
}
