import type { LabelledRow } from "@lathe/model";
import { countScored } from "./count-scored.js";
import type { RowSource } from "./row-source.js";
import { planSteps } from "./step-plan.js";
import type { TrainConfig } from "./train-config.js";

/**
 * The most tokens and the most scored labels that a micro-batch of a run has; they may be of different ones.
 */
export function largestMicroBatch(
  rows: RowSource<LabelledRow>,
  config: TrainConfig,
): { readonly tokens: number; readonly labels: number } {
  const sizes = Array.from({ length: rows.length }, (_, index) => {
    const row = rows.row(index);
    return [row.inputIds.length, countScored(row)] as const;
  });
  let [tokens, labels] = [0, 0];
  for (const { microBatches } of planSteps(rows, config)) {
    for (const batch of microBatches) {
      let [ofTokens, ofLabels] = [0, 0];
      for (const index of batch) {
        ofTokens += sizes[index][0];
        ofLabels += sizes[index][1];
      }
      tokens = Math.max(tokens, ofTokens);
      labels = Math.max(labels, ofLabels);
    }
  }
  return { tokens, labels };
}
