import * as tf from "@tensorflow/tfjs-core";

/**
 * Central differences of the scalar `f` with respect to every element of `x`, with steps of 1e-2: in float32 the
 * rounding of f/step and the third-order term are then both near 1e-4.
 */
export function centralDifferences<Input extends tf.Tensor>(
  f: (x: Input) => tf.Scalar,
  x: Input,
): Float32Array {
  const values = x.dataSync() as Float32Array;
  const step = 1e-2;
  const at = (i: number, delta: number): number =>
    tf.tidy(() => {
      const moved = Float32Array.from(values);
      moved[i] += delta;
      return f(tf.tensor(moved, x.shape) as Input).dataSync()[0];
    });
  return Float32Array.from(values, (_, i) => (at(i, step) - at(i, -step)) / (2 * step));
}
