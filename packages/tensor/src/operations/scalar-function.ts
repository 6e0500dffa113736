import * as tf from "@tensorflow/tfjs-core";
import { activeTape } from "../scope.js";

/** A number made of many, and its derivative by each. */
export interface ValueWithGradient {
  readonly value: number;
  /** As many as there were values. */
  readonly gradient: ArrayLike<number>;
}

/**
 * A function of few numbers, computed on the host in double precision with its gradient at once: a loss made of log-likelihoods.
 *
 * @param values [N]   @param compute the function; receives a copy of the N values
 * @returns a scalar, recorded on the active tape, owned by the caller
 * @throws RangeError if the gradient has not N entries
 */
export function scalarFunction(
  values: tf.Tensor1D,
  compute: (values: Float32Array) => ValueWithGradient,
): tf.Scalar {
  const { value, gradient } = compute(Float32Array.from(values.dataSync()));
  if (gradient.length !== values.size) {
    throw new RangeError(
      `scalarFunction: expected a derivative a value, ${values.size} in all, got ${gradient.length}`,
    );
  }
  const tape = activeTape();
  const scalar = tf.scalar(value);
  if (!tape?.isTracked(values)) return scalar;
  const slopes = tf.keep(tf.tensor1d(Float32Array.from(gradient)));
  tape.record([scalar], [values], [slopes], ([factor]) => [tf.mul(slopes, factor as tf.Tensor)]);
  return scalar;
}
