import { exponentials, largest, scaleValues } from "./exponential";

const BLOCK = 1024; // values summed in float32 before float64 takes over; as many as the first-level cache holds

/**
 * Turns a row of logits into probabilities.
 *
 * @param x [count] and room up to a multiple of 4; overwritten
 * @param result two float64: the largest logit m and Σ exp(x − m), of which log Σ exp(x) = m + log Σ exp(x − m)
 */
export function crossEntropy(x: usize, count: i32, result: usize): void {
  const rounded = (count + 3) & ~3;
  for (let c = count; c < rounded; c++) store<f32>(x + (usize(c) << 2), -Infinity);
  const highest = largest(x, rounded);
  let sum: f64 = 0;
  for (let c = 0; c < rounded; c += BLOCK) {
    sum += exponentials(x + (usize(c) << 2), min(BLOCK, rounded - c), highest);
  }
  scaleValues(x, rounded, f32(1 / sum));
  store<f64>(result, highest);
  store<f64>(result, sum, 8);
}
