import { phrase } from "@lathe/files";
import { PruneError } from "./prune-error.js";
import type { SparsityRule } from "./sparsity.js";
import { ZeroMask } from "@lathe/kernels";

/** Among which weights a share is taken: those of the whole matrix, or those of each output. */
export type ComparedWeights = "matrix" | "row";

/**
 * The weights of smallest score. Of equal scores the first ones go; of n compared weights a share s takes ⌊n · s⌋.
 *
 * @param scores [O, I] row-major, none of them NaN
 * @param compared for a share; a pattern compares the inputs of a group
 * @throws PruneError when groups do not divide the inputs
 */
export function pruneMask(
  scores: Float32Array,
  shape: readonly [outFeatures: number, inFeatures: number],
  rule: SparsityRule,
  compared: ComparedWeights,
): ZeroMask {
  const [outFeatures, inFeatures] = shape;
  const mask = new ZeroMask(shape);
  if (rule.kind === "pattern" && inFeatures % rule.size !== 0) {
    throw new PruneError(
      "sparsity",
      phrase`groups of a size that divides ${inFeatures} inputs`,
      `${rule.kept}:${rule.size}`,
      "choose another pattern, or a share such as 0.5",
    );
  }
  const length = rule.kind === "pattern" ? rule.size : compared === "row" ? inFeatures : scores.length;
  if (length === 0) return mask;
  const count = rule.kind === "pattern" ? rule.size - rule.kept : Math.floor(length * rule.share);
  for (let start = 0; start < outFeatures * inFeatures; start += length) {
    markSmallest(scores.subarray(start, start + length), count, (index) => mask.add(start + index));
  }
  return mask;
}

function markSmallest(scores: Float32Array, count: number, mark: (index: number) => void): void {
  if (count === 0) return;
  const threshold = scores.slice().sort()[count - 1];
  let below = 0;
  for (const score of scores) if (score < threshold) below++;
  let equal = count - below;
  for (let i = 0; i < scores.length; i++) {
    if (scores[i] < threshold || (scores[i] === threshold && equal-- > 0)) mark(i);
  }
}
