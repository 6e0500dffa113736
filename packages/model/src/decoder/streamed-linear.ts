import type { LinearTerms } from "@lathe/tensor";
import type * as tf from "@tensorflow/tfjs-core";
import type { Linear } from "./linear.js";

/** The place of a linear whose weights are there while its layer is held, and on disk else. */
export class StreamedLinear implements Linear {
  #present: Linear | null = null;

  constructor(
    /** Path in the model. */
    readonly path: string,
    readonly shape: readonly [outFeatures: number, inFeatures: number],
  ) {}

  /** Puts what was read in the place; the owner stays who read it. @param linear null when it goes again */
  put(linear: Linear | null): void {
    this.#present = linear;
  }

  forward(x: tf.Tensor2D): tf.Tensor2D {
    return this.#required().forward(x);
  }

  terms(): LinearTerms | null {
    return this.#present?.terms?.() ?? null;
  }

  /** @throws Error while the layer is not held */
  denseWeight(): Float32Array {
    return this.#required().denseWeight();
  }

  /** @throws Error while the layer is not held */
  denseBias(): Float32Array | null {
    return this.#required().denseBias();
  }

  /** What is in the place belongs to the layers, which dispose it. */
  dispose(): void {
    this.#present = null;
  }

  #required(): Linear {
    if (this.#present) return this.#present;
    throw new Error(`${this.path}: expected its layer to be held, got weights that are on disk`);
  }
}
