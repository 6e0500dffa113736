import * as tf from "@tensorflow/tfjs-core";
import { ShapeError } from "../errors.js";
import type { Operation } from "../kernel.js";
import { apply } from "../operation.js";
import { checkTargets } from "./cross-entropy.js";

/** What is added to the negative log-likelihood of a label. */
export interface LossSettings {
  /**
   * Share ε of a label's probability that is spread over the whole vocabulary, the label included (Szegedy et al.,
   * arXiv:1512.00567, §7), in [0, 1).
   */
  readonly labelSmoothing: number;
  /** Factor on the square of the logarithm of the softmax's denominator (PaLM, arXiv:2204.02311, §5), from 0. */
  readonly zLoss: number;
}

interface Attributes extends LossSettings {
  readonly targets: Int32Array;
}

export const regularisedCrossEntropyOperation: Operation<Attributes> = {
  name: "regularisedCrossEntropy",
  forward([logits], { targets, labelSmoothing, zLoss }) {
    const [rows, vocabulary] = logits.shape;
    const probabilities = tf.softmax(logits);
    // The largest probability is at least 1/V, so its logarithm is safe where others may underflow.
    const logSumExp = tf.sub(tf.max(logits, -1), tf.log(tf.max(probabilities, -1)));
    const chosen = Int32Array.from(targets, (target, row) => row * vocabulary + target);
    const picked = tf.gather(tf.reshape(logits, [rows * vocabulary]), tf.tensor1d(chosen, "int32"));
    const expected = tf.add(tf.mul(picked, 1 - labelSmoothing), tf.mul(tf.mean(logits, -1), labelSmoothing));
    const output = tf.add(tf.sub(logSumExp, expected), tf.mul(tf.square(logSumExp), zLoss));
    return { output, saved: [probabilities, zLoss > 0 ? logSumExp : null] };
  },
  pullback(gradient, [probabilities, logSumExp], { targets, labelSmoothing, zLoss }) {
    const [rows, vocabulary] = (probabilities as tf.Tensor).shape;
    // The kernel of the wasm backend writes integers, whatever type is asked for.
    const hot = tf.cast(tf.oneHot(tf.tensor1d(targets, "int32"), vocabulary, 1, 0, "int32"), "float32");
    const expected = tf.add(tf.mul(hot, 1 - labelSmoothing), labelSmoothing / vocabulary);
    const factor = logSumExp && tf.add(tf.mul(logSumExp as tf.Tensor, 2 * zLoss), 1);
    const raised = factor
      ? tf.mul(probabilities as tf.Tensor, tf.reshape(factor, [rows, 1]))
      : (probabilities as tf.Tensor);
    return [tf.mul(tf.sub(raised, expected), tf.reshape(gradient, [rows, 1]))];
  },
};

/**
 * Cross-entropies with a smoothed label and a penalty on the softmax's denominator, in nats:
 *
 *   y[n] = lse[n] − (1 − ε) logits[n, targets[n]] − ε/V Σᵥ logits[n, v] + ζ lse[n]²,   lse[n] = log Σ exp(logits[n])
 *
 * With both factors 0 it is `crossEntropy`.
 *
 * @param logits [N, V]   @param targets N ids below V   @returns [N], owned by the caller
 * @throws ShapeError, RangeError
 */
export function regularisedCrossEntropy(
  logits: tf.Tensor2D,
  targets: Int32Array,
  { labelSmoothing, zLoss }: LossSettings,
): tf.Tensor1D {
  const [rows, vocabulary] = logits.shape;
  if (rows !== targets.length) {
    throw new ShapeError("regularisedCrossEntropy", `logits [${targets.length}, V]`, logits.shape);
  }
  checkTargets(targets, vocabulary);
  return apply(regularisedCrossEntropyOperation, [logits], { targets, labelSmoothing, zLoss }) as tf.Tensor1D;
}
