import { phrase } from "@lathe/files";
import { PruneError } from "./prune-error.js";

/** Importance of weights by their size: |w|. @returns [O, I] */
export function magnitudeScores(weight: Float32Array): Float32Array {
  return weight.map(Math.abs);
}

/**
 * Importance of weights by what they multiply (Wanda, arXiv:2306.11695, eq. 1): |w| times the L2 norm of the input over the
 * tokens of the calibration.
 * @param weight [O, I] row-major
 * @param squares [I], sums of squares of the inputs
 * @returns [O, I]
 */
export function wandaScores(weight: Float32Array, squares: Float64Array): Float32Array {
  const norms = Float32Array.from(squares, Math.sqrt);
  return weight.map((value, i) => Math.abs(value) * norms[i % norms.length]);
}

/**
 * The scores, all of which are numbers.
 * @param weight name of the tensor
 * @throws PruneError naming the element that is not finite
 */
export function checkedScores(weight: string, scores: Float32Array): Float32Array {
  const bad = scores.findIndex((score) => !Number.isFinite(score));
  if (bad < 0) return scores;
  throw new PruneError(
    phrase`tensor ${JSON.stringify(weight)}`,
    "finite weights and inputs",
    phrase`${scores[bad]} for element ${bad}`,
    "the weights are damaged",
  );
}
