import { seededNumbers } from "./seeded-numbers.js";

/** A seeded generator of floats in [−1, 1). */
export function seededFloats(seed: number): (length: number) => Float32Array {
  const next = seededNumbers(seed);
  return (length) => Float32Array.from({ length }, () => next() * 2 - 1);
}
