import * as tf from "@tensorflow/tfjs-core";
import type { Routines } from "./routines.js";

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
};
