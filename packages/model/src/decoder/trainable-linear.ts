import { linear, scale } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import type { DenseWeight, Linear } from "./linear.js";

/**
 * A dense float32 linear whose weight [O, I] and bias [O] are variables: what watches them gets their gradients. Products are
 * recorded one by one, as engines that fuse linears take their weights for frozen.
 */
export class TrainableLinear implements Linear {
  readonly shape: readonly [outFeatures: number, inFeatures: number];
  readonly weight: tf.Variable<tf.Rank.R2>;
  readonly bias: tf.Variable<tf.Rank.R1> | null;
  readonly #ownsWeight: boolean;

  /** @param shared a weight of another owner, in place of the given one: a tied head multiplies with the embedding */
  constructor({ shape, weight, bias }: DenseWeight, shared?: tf.Variable<tf.Rank.R2>) {
    this.shape = shape;
    this.#ownsWeight = shared === undefined;
    this.weight = shared ?? floatVariable(weight, shape);
    this.bias = bias && floatVariable(bias, [bias.length]);
  }

  forward(x: tf.Tensor2D): tf.Tensor2D {
    return linear(x, this.weight, this.bias, "OI");
  }

  denseWeight(): Float32Array {
    return Float32Array.from(this.weight.dataSync());
  }

  denseBias(): Float32Array | null {
    return this.bias && Float32Array.from(this.bias.dataSync());
  }

  dispose(): void {
    if (this.#ownsWeight) this.weight.dispose();
    this.bias?.dispose();
  }
}

/**
 * A variable of these values, which are copied: into the engine's own memory, where optimisers change it in place. As an array it
 * would be copied once more by the first step, and the array left to the garbage collector.
 */
export function floatVariable<R extends tf.Rank>(
  values: Float32Array,
  shape: readonly number[],
): tf.Variable<R> {
  return tf.tidy(() => {
    const tensor: tf.Tensor = tf.tensor(values, shape.slice());
    return tf.variable(scale(tensor, 1)) as tf.Variable<R>;
  });
}
