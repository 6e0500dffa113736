import { branchedBatch, type BranchedRow } from "@lathe/model";
import { withDropout, withTape } from "@lathe/tensor";
import type { BranchedModel } from "./branched-model.js";
import { spanSum } from "./span-sum.js";

/**
 * Summed log-likelihoods of continuations after their prompts, in nats, without gradients or dropout.
 * @returns one a branch, row by row
 */
export function completionLikelihoods(model: BranchedModel, rows: readonly BranchedRow[]): number[] {
  const batch = branchedBatch(rows);
  const losses = withDropout(null, () => withTape(null, () => model.labelLosses(batch)));
  try {
    const values = losses.dataSync() as Float32Array;
    let span = 0;
    return rows.flatMap(({ branches }) => {
      span++; // the prompt's, which is empty
      return branches.map(() => -spanSum(values, batch, span++));
    });
  } finally {
    losses.dispose();
  }
}
