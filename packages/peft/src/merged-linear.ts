import { DenseLinear, type Linear } from "@lathe/model";
import type { LinearTerms } from "@lathe/tensor";
import type * as tf from "@tensorflow/tfjs-core";
import type { LoraLinear } from "./lora-linear.js";

/** A linear with its active adapters merged into one dense matrix; it keeps what it was made of. */
export class MergedLinear implements Linear {
  readonly #dense: DenseLinear;

  /** @param adapted what was merged; owned by this linear until {@link MergedLinear.release} */
  constructor(readonly adapted: LoraLinear) {
    this.#dense = new DenseLinear({
      shape: adapted.shape,
      weight: adapted.denseWeight(),
      bias: adapted.denseBias(),
    });
  }

  get shape(): readonly [outFeatures: number, inFeatures: number] {
    return this.adapted.shape;
  }

  forward(x: tf.Tensor2D): tf.Tensor2D {
    return this.#dense.forward(x);
  }

  terms(): LinearTerms | null {
    return this.#dense.terms();
  }

  denseWeight(): Float32Array {
    return this.#dense.denseWeight();
  }

  denseBias(): Float32Array | null {
    return this.#dense.denseBias();
  }

  /** Frees the merged matrix and hands back what was merged. */
  release(): LoraLinear {
    this.#dense.dispose();
    return this.adapted;
  }

  dispose(): void {
    this.release().dispose();
  }
}
