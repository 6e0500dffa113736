import type { TrainConfig } from "@lathe/train";

/** Tokens below which a smaller budget changes nothing: hardly a row is shorter. */
const LEAST_TOKENS = 16;

/** How micro-batches are cut. */
type Batches = Pick<TrainConfig, "batchSize" | "maxTokensPerBatch" | "gradientAccumulation">;

/**
 * Half as large micro-batches or the next smaller ones, and as many more of them: the rows of a step stay the same.
 * @returns what is to be set; null where there is no smaller one
 */
export function smallerBatches({
  batchSize,
  maxTokensPerBatch,
  gradientAccumulation,
}: Batches): (Partial<Batches> & Pick<Batches, "gradientAccumulation">) | null {
  const isByTokens = maxTokensPerBatch > 0;
  const before = isByTokens ? maxTokensPerBatch : batchSize;
  const size = divisorBelow(before);
  if (size === null || (isByTokens && size < LEAST_TOKENS)) return null;
  const microBatches = { gradientAccumulation: (gradientAccumulation * before) / size };
  return isByTokens ? { maxTokensPerBatch: size, ...microBatches } : { batchSize: size, ...microBatches };
}

/** The largest number below that divides a batch, so that the effective batch can stay; null for 1. */
function divisorBelow(batchSize: number): number | null {
  for (let size = Math.floor(batchSize / 2); size >= 1; size--) if (batchSize % size === 0) return size;
  return null;
}
