import * as tf from "@tensorflow/tfjs-core";

/** Helpers of this package's tests. */

/** A seeded generator of normally distributed floats (mulberry32, then Box and Muller). */
export function seededNormals(seed: number): (length: number, deviation?: number) => Float32Array {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return (length, deviation = 1) =>
    Float32Array.from(
      { length },
      () => deviation * Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    );
}

/** a · bᵀ with sums in double. @param a [N, I]   @param b [O, I]   @returns [N, O] */
export function productTransposed(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  [n, inner, o]: readonly [number, number, number],
): Float64Array {
  const out = new Float64Array(n * o);
  for (let row = 0; row < n; row++) {
    for (let column = 0; column < o; column++) {
      let sum = 0;
      for (let i = 0; i < inner; i++) sum += a[row * inner + i] * b[column * inner + i];
      out[row * o + column] = sum;
    }
  }
  return out;
}

/** Central differences of a scalar function of x with respect to each element of x. */
export function centralDifferences(f: (x: tf.Tensor2D) => tf.Scalar, x: tf.Tensor2D): Float32Array {
  const values = x.dataSync() as Float32Array;
  const step = 1e-2;
  const at = (i: number, delta: number): number =>
    tf.tidy(() => {
      const moved = Float32Array.from(values);
      moved[i] += delta;
      return f(tf.tensor2d(moved, x.shape)).dataSync()[0];
    });
  return Float32Array.from(values, (_, i) => (at(i, step) - at(i, -step)) / (2 * step));
}
