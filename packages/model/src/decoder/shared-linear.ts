import type { LinearTerms } from "@lathe/tensor";
import type * as tf from "@tensorflow/tfjs-core";
import type { MatrixShare } from "../weights/matrix-share.js";
import type { Linear } from "./linear.js";

/** A linear that is a stretch of a larger one, whose other stretches other processes have. */
export class SharedLinear implements Linear {
  /** @param own the stretch by itself, which this one owns   @param share where it lies in the whole */
  constructor(
    private readonly own: Linear,
    readonly share: MatrixShare,
  ) {}

  get shape(): readonly [outFeatures: number, inFeatures: number] {
    return this.own.shape;
  }

  forward(x: tf.Tensor2D): tf.Tensor2D {
    return this.own.forward(x);
  }

  terms(): LinearTerms | null {
    return this.own.terms?.() ?? null;
  }

  denseWeight(): Float32Array {
    return this.own.denseWeight();
  }

  denseBias(): Float32Array | null {
    return this.own.denseBias();
  }

  dispose(): void {
    this.own.dispose();
  }
}
