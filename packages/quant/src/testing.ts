import { seededNumbers } from "../../tensor/testing/seeded-numbers.js";

/** Helpers of this package's tests. */

/** A seeded generator of normally distributed floats (Box and Muller). */
export function seededNormals(seed: number): (length: number, deviation?: number) => Float32Array {
  const uniform = seededNumbers(seed);
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
