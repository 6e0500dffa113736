import * as tf from "@tensorflow/tfjs-core";
import { ShapeError } from "../errors.js";
import type { Operation } from "../kernel.js";
import { apply } from "../operation.js";

interface CrossEntropyAttributes {
  readonly targets: Int32Array;
}

export const crossEntropyOperation: Operation<CrossEntropyAttributes> = {
  name: "crossEntropy",
  forward([logits], { targets }) {
    const [rows, vocabulary] = logits.shape;
    const probabilities = tf.softmax(logits);
    // The largest probability is e^(max − lse), at least 1/V, so its logarithm is safe where others may underflow.
    const logSumExp = tf.sub(tf.max(logits, -1), tf.log(tf.max(probabilities, -1)));
    const chosen = Int32Array.from(targets, (target, row) => row * vocabulary + target);
    const picked = tf.gather(tf.reshape(logits, [rows * vocabulary]), tf.tensor1d(chosen, "int32"));
    return { output: tf.sub(logSumExp, picked), saved: [probabilities] };
  },
  pullback(gradient, [probabilities], { targets }) {
    const [rows, vocabulary] = (probabilities as tf.Tensor).shape;
    // Not by oneHot, which takes no vocabulary of one and gives other numbers on the wasm backend.
    const classes = tf.range(0, vocabulary, 1, "int32");
    const hot = tf.cast(tf.equal(tf.tensor2d(targets, [rows, 1], "int32"), classes), "float32");
    return [tf.mul(tf.sub(probabilities as tf.Tensor, hot), tf.reshape(gradient, [rows, 1]))];
  },
};

/**
 * Negative log-likelihoods, in nats: y[n] = log Σ exp(logits[n]) − logits[n, targets[n]].
 *
 * @param logits [N, V]   @param targets N ids below V   @returns [N], owned by the caller
 * @throws ShapeError, RangeError
 */
export function crossEntropy(logits: tf.Tensor2D, targets: Int32Array): tf.Tensor1D {
  const [rows, vocabulary] = logits.shape;
  if (rows !== targets.length)
    throw new ShapeError("crossEntropy", `logits [${targets.length}, V]`, logits.shape);
  checkTargets(targets, vocabulary);
  return apply(crossEntropyOperation, [logits], { targets }) as tf.Tensor1D;
}

/** @throws RangeError if a target is not below the size of the vocabulary */
export function checkTargets(targets: Int32Array, vocabularySize: number): void {
  for (const target of targets) {
    if (target < 0 || target >= vocabularySize) {
      throw new RangeError(`crossEntropy: target ${target} is outside the vocabulary of ${vocabularySize}`);
    }
  }
}
