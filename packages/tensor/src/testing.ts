import * as tf from "@tensorflow/tfjs-core";
import { listEngines } from "./index.js";

/** Helpers of this package's tests. */

/** A seeded generator of floats in [−1, 1). */
export function seededFloats(seed: number): (length: number) => Float32Array {
  let state = seed >>> 0;
  const next = (): number => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * 2 - 1;
  };
  return (length) => Float32Array.from({ length }, next);
}

/** Largest |a − b| / (1 + |b|); NaN differs from everything. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const error = Math.abs(a[i] - b[i]) / (1 + Math.abs(b[i]));
    if (!(error <= worst)) worst = Number.isNaN(error) ? Infinity : error;
  }
  return worst;
}

/**
 * Central differences of the scalar `f` with respect to every element of `x`, with steps of 1e-2: in float32 the
 * rounding of f/step and the third-order term are then both near 1e-4.
 */
export function centralDifferences(f: (x: tf.Tensor) => tf.Scalar, x: tf.Tensor): Float32Array {
  const values = x.dataSync() as Float32Array;
  const step = 1e-2;
  const at = (i: number, delta: number): number =>
    tf.tidy(() => {
      const moved = Float32Array.from(values);
      moved[i] += delta;
      return f(tf.tensor(moved, x.shape)).dataSync()[0];
    });
  return Float32Array.from(values, (_, i) => (at(i, step) - at(i, -step)) / (2 * step));
}

/** Names of the engines that run on this machine, the reference first. */
export async function enginesHere(): Promise<readonly string[]> {
  const names = ["cpu"];
  for (const { name, probe } of listEngines()) {
    if (name !== "cpu" && (await probe()) === null) names.push(name);
  }
  return names;
}
