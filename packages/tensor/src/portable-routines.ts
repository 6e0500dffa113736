import { adamW8bit } from "@lathe/kernels";
import * as tf from "@tensorflow/tfjs-core";
import type { AdafactorUpdate, Routines } from "./routines.js";

/** Added to squared gradients of Adafactor. */
const SQUARE_EPSILON = 1e-30;

/** Work over many tensors in plain TensorFlow.js operations. */
export const portableRoutines: Routines = {
  adamW(updates, { learningRate, beta1, beta2, epsilon, weightDecay, step, gradientScale }) {
    const stepSize = learningRate / (1 - beta1 ** step);
    const secondCorrection = 1 / Math.sqrt(1 - beta2 ** step);
    for (const { variable, gradient, first, second } of updates) {
      tf.tidy(() => {
        const g = gradientScale === 1 ? gradient : tf.mul(gradient, gradientScale);
        first.assign(tf.add(tf.mul(first, beta1), tf.mul(g, 1 - beta1)));
        second.assign(tf.add(tf.mul(second, beta2), tf.mul(tf.square(g), 1 - beta2)));
        const denominator = tf.add(tf.mul(tf.sqrt(second), secondCorrection), epsilon);
        const decayed = weightDecay === 0 ? variable : tf.mul(variable, 1 - learningRate * weightDecay);
        variable.assign(tf.sub(decayed, tf.mul(tf.div(first, denominator), stepSize)));
      });
    }
  },
  adamW8bit(updates, settings) {
    for (const { variable, gradient, first, second } of updates) {
      const parameter = Float32Array.from(variable.dataSync());
      adamW8bit([{ parameter, gradient: gradient.dataSync<"float32">(), first, second }], settings);
      tf.tidy(() => variable.assign(tf.tensor(parameter, variable.shape)));
    }
  },
  adafactor(updates, { learningRate, weightDecay, kept, gradientScale }) {
    for (const update of updates) {
      const { variable, gradient } = update;
      tf.tidy(() => {
        const g = gradientScale === 1 ? gradient : tf.mul(gradient, gradientScale);
        const change = adafactorChange(g, update, kept);
        const size = Math.sqrt(tf.mean(tf.square(change)).dataSync()[0]);
        const decayed = weightDecay === 0 ? variable : tf.mul(variable, 1 - learningRate * weightDecay);
        variable.assign(tf.sub(decayed, tf.mul(change, learningRate / Math.max(1, size))));
      });
    }
  },
  addInto(sum, part) {
    const total = tf.keep(tf.add(sum, part));
    sum.dispose();
    return total;
  },
  sumOfSquares(tensors) {
    if (tensors.length === 0) return 0;
    const squares = tf.tidy(() => tf.stack(tensors.map((tensor) => tf.sum(tf.square(tensor)))));
    let total = 0;
    for (const square of squares.dataSync()) total += square;
    squares.dispose();
    return total;
  },
  read(tensor, start, target) {
    const part = tf.tidy(() => tf.slice(tf.reshape(tensor, [-1]), start, target.length));
    target.set(part.dataSync<"float32">());
    part.dispose();
  },
  write(variable, start, values) {
    tf.tidy(() => {
      const numbers = tf.reshape(variable, [-1]);
      const end = start + values.length;
      // A copy: a tensor keeps the array that it is made of, and that is the caller's.
      const parts = [tf.slice(numbers, 0, start), tf.tensor1d(values.slice()), tf.slice(numbers, end)];
      const held = parts.filter(({ size }) => size > 0);
      if (held.length > 0) variable.assign(tf.reshape(tf.concat(held), variable.shape));
    });
  },
};

/** The gradient over the root of the second moment, which is brought up to date. */
function adafactorChange(
  gradient: tf.Tensor,
  { rowMoments, columnMoments }: AdafactorUpdate,
  kept: number,
): tf.Tensor {
  const squares = tf.add(tf.square(gradient), SQUARE_EPSILON);
  const renew = (variable: tf.Variable, values: tf.Tensor): void => {
    variable.assign(tf.add(tf.mul(variable, kept), tf.mul(values, 1 - kept)));
  };
  if (rowMoments === null) {
    renew(columnMoments, squares);
    return tf.mul(gradient, tf.rsqrt(columnMoments));
  }
  renew(rowMoments, tf.mean(squares, -1));
  renew(columnMoments, tf.mean(squares, -2));
  const byRow = tf.rsqrt(tf.div(rowMoments, tf.mean(rowMoments, -1, true)));
  const byColumn = tf.rsqrt(columnMoments);
  return tf.mul(tf.mul(gradient, tf.expandDims(byRow, -1)), tf.expandDims(byColumn, -2));
}
