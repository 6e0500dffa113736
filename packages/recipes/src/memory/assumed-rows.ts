import type { ModelConfig } from "@lathe/model";
import type { TrainConfig } from "@lathe/train";
import type { PreparedObjective } from "../training/training-objective.js";

/** Tokens of a row where nothing is said: a question of a few sentences with its answer. */
const ROW_TOKENS = 512;

/** What a plan asks of the rows of a run. */
export type RowSizes = Pick<PreparedObjective, "largest" | "maskReport">;

/** Rows of one length that nobody has yet, every token of which is learnt. @param rowTokens tokens of a row */
export function assumedRows(
  config: Pick<ModelConfig, "maxPositions">,
  run: Pick<TrainConfig, "batchSize" | "maxTokensPerBatch">,
  rowTokens: number = ROW_TOKENS,
): RowSizes {
  const tokens = Math.min(rowTokens, config.maxPositions);
  return {
    largest(limit = {}) {
      const { batchSize, maxTokensPerBatch } = { ...run, ...limit };
      const rows = maxTokensPerBatch > 0 ? Math.max(1, Math.floor(maxTokensPerBatch / tokens)) : batchSize;
      return { tokens: rows * tokens, labels: rows * (tokens - 1) };
    },
    maskReport: () => null,
  };
}
