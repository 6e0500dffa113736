import { transpose } from "@lathe/kernels";
import { engineInUse, linear, type LinearTerms, type WeightLayout } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { once } from "../weights/mapped-file.js";
import type { RowRange } from "../weights/tensor-info.js";
import type { DenseWeight, Linear } from "./linear.js";

/** A frozen float32 matrix in the engine's memory. */
export class DenseLinear implements Linear {
  readonly shape: readonly [outFeatures: number, inFeatures: number];
  /** In the layout that the engine multiplies fastest. */
  readonly #weight: tf.Tensor2D;
  readonly #layout: WeightLayout;
  readonly #bias: tf.Tensor1D | null;
  readonly #release: () => void;

  /**
   * @param given its weight is taken over, not copied, where the engine allows it
   * @param release gives back what the weight lies in, once, when the linear is disposed
   */
  constructor({ shape, weight, bias }: DenseWeight, release: () => void = () => undefined) {
    this.#release = once(release);
    const [outFeatures, inFeatures] = shape;
    this.shape = shape;
    this.#layout = engineInUse().weightLayout;
    this.#weight = tf.keep(
      this.#layout === "OI"
        ? tf.tensor2d(weight, [outFeatures, inFeatures])
        : tf.tensor2d(turned(weight, outFeatures, inFeatures), [inFeatures, outFeatures]),
    );
    this.#bias = bias && tf.keep(tf.tensor1d(bias));
  }

  forward(x: tf.Tensor2D): tf.Tensor2D {
    return linear(x, this.#weight, this.#bias, this.#layout);
  }

  terms(): LinearTerms | null {
    const { weightMatrix } = engineInUse();
    if (!weightMatrix || this.#layout !== "OI") return null;
    return { weight: weightMatrix(this.#weight), bias: this.#bias, update: null };
  }

  denseWeight(): Float32Array {
    const [outFeatures, inFeatures] = this.shape;
    const weight = this.#weight.dataSync() as Float32Array;
    return this.#layout === "OI" ? Float32Array.from(weight) : turned(weight, inFeatures, outFeatures);
  }

  denseBias(): Float32Array | null {
    return this.#bias && Float32Array.from(this.#bias.dataSync());
  }

  cut(outputs: RowRange, inputs: RowRange): DenseLinear {
    const [dense, bias] = [this.denseWeight(), this.denseBias()];
    const [rows, columns] = [outputs.end - outputs.start, inputs.end - inputs.start];
    const weight = new Float32Array(rows * columns);
    for (let row = 0; row < rows; row++) {
      const start = (outputs.start + row) * this.shape[1];
      weight.set(dense.subarray(start + inputs.start, start + inputs.end), row * columns);
    }
    this.dispose();
    return new DenseLinear({
      shape: [rows, columns],
      weight,
      bias: bias && bias.slice(outputs.start, outputs.end),
    });
  }

  dispose(): void {
    this.#weight.dispose();
    this.#bias?.dispose();
    this.#release();
  }
}

function turned(x: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(x.length);
  transpose(x, out, rows, columns);
  return out;
}
