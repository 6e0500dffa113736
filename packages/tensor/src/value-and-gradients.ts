import * as tf from "@tensorflow/tfjs-core";
import { withTape } from "./scope.js";
import { Tape } from "./tape.js";

/** A scalar and its gradients; the caller owns all of them. */
export interface ValueAndGradients {
  readonly value: tf.Scalar;
  /** One a watched tensor, in order; null where the value does not depend on it. */
  readonly gradients: (tf.Tensor | null)[];
}

/**
 * Runs `body` on a tape and differentiates the scalar it returns.
 *
 * @example const { value, gradients } = valueAndGradients(() => loss(linear(x, weight)), [weight]);
 */
export function valueAndGradients(body: () => tf.Scalar, watched: readonly tf.Tensor[]): ValueAndGradients {
  const tape = new Tape(watched);
  const sums = new Map<number, tf.Tensor>();
  let value: tf.Scalar | null = null;
  try {
    value = withTape(tape, body);
    const one = tf.onesLike(value);
    try {
      tape.backward(value, one, (tensor, part) => {
        const sum = sums.get(tensor.id);
        sums.set(tensor.id, sum ? tf.add(sum, part) : part.clone());
        sum?.dispose();
      });
    } finally {
      one.dispose();
    }
    return { value, gradients: watched.map((tensor) => sums.get(tensor.id) ?? null) };
  } catch (error) {
    tape.dispose();
    value?.dispose();
    tf.dispose([...sums.values()]);
    throw error;
  }
}
