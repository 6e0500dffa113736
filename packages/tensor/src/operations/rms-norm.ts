import * as tf from "@tensorflow/tfjs-core";
import { ShapeError } from "../errors.js";
import type { Operation } from "../kernel.js";
import { apply } from "../operation.js";

interface RmsNormAttributes {
  readonly epsilon: number;
}

const reciprocalRms = (x: tf.Tensor, epsilon: number): tf.Tensor =>
  tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), epsilon));

export const rmsNormOperation: Operation<RmsNormAttributes> = {
  name: "rmsNorm",
  forward([x, weight], { epsilon }) {
    const y = tf.mul(tf.mul(x, reciprocalRms(x, epsilon)), weight);
    return { output: y, saved: [x, weight] };
  },
  pullback(gradient, saved, { epsilon }, [needsX, needsWeight]) {
    const [x, weight] = saved as tf.Tensor[];
    const r = reciprocalRms(x, epsilon);
    const normalised = tf.mul(x, r);
    const leading = x.shape.slice(0, -1).map((_, axis) => axis);
    const dx = (): tf.Tensor => {
      // With n = x r and g = dy w: dx = r (g − n · mean(g n)).
      const g = tf.mul(gradient, weight);
      return tf.mul(r, tf.sub(g, tf.mul(normalised, tf.mean(tf.mul(g, normalised), -1, true))));
    };
    return [needsX ? dx() : null, needsWeight ? tf.sum(tf.mul(gradient, normalised), leading) : null];
  },
};

/**
 * y = x / √(mean(x²) + ε) · w over the last axis (Zhang & Sennrich, arXiv:1910.07467).
 *
 * @param x [..., h]   @param weight [h]   @returns [..., h], owned by the caller
 * @throws ShapeError
 */
export function rmsNorm<Input extends tf.Tensor>(x: Input, weight: tf.Tensor1D, epsilon: number): Input {
  if (x.shape.at(-1) !== weight.shape[0])
    throw new ShapeError("rmsNorm", `x [..., ${weight.shape[0]}]`, x.shape);
  return apply(rmsNormOperation, [x, weight], { epsilon }) as Input;
}
