import { transpose } from "@lathe/kernels";
import { linear } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs";
import type { DenseWeight, Linear } from "./linear.js";

/** A frozen float32 matrix in the engine's memory. */
export class DenseLinear implements Linear {
  readonly shape: readonly [outFeatures: number, inFeatures: number];
  /** [I, O]: the layout in which the forward product needs no transposition. */
  readonly #weight: tf.Tensor2D;
  readonly #bias: tf.Tensor1D | null;

  constructor({ shape, weight, bias }: DenseWeight) {
    const [outFeatures, inFeatures] = shape;
    this.shape = shape;
    const inputsFirst = new Float32Array(weight.length);
    transpose(weight, inputsFirst, outFeatures, inFeatures);
    this.#weight = tf.keep(tf.tensor2d(inputsFirst, [inFeatures, outFeatures]));
    this.#bias = bias && tf.keep(tf.tensor1d(bias));
  }

  forward(x: tf.Tensor2D): tf.Tensor2D {
    return linear(x, this.#weight, this.#bias);
  }

  denseWeight(): Float32Array {
    const [outFeatures, inFeatures] = this.shape;
    const weight = new Float32Array(outFeatures * inFeatures);
    transpose(this.#weight.dataSync() as Float32Array, weight, inFeatures, outFeatures);
    return weight;
  }

  denseBias(): Float32Array | null {
    return this.#bias && Float32Array.from(this.#bias.dataSync());
  }

  dispose(): void {
    this.#weight.dispose();
    this.#bias?.dispose();
  }
}
