import type { RowSource } from "./row-source.js";
import { planSteps } from "./step-plan.js";
import type { TrainConfig } from "./train-config.js";

/** How large rows are. */
export interface RowSizes {
  readonly length: number;
  /** Tokens of a row, as plans of steps ask for them. */
  tokens(index: number): number;
  /** Scored labels of a row. */
  labels(index: number): number;
}

/**
 * Reads all rows once for their sizes, eight bytes a row.
 * @param sizeOf tokens and scored labels of a row
 */
export function measureRows<Row>(
  rows: RowSource<Row>,
  sizeOf: (row: Row) => readonly [tokens: number, labels: number],
): RowSizes {
  const { length } = rows;
  const sizes = new Int32Array(2 * length);
  for (let index = 0; index < length; index++) sizes.set(sizeOf(rows.row(index)), 2 * index);
  return { length, tokens: (index) => sizes[2 * index], labels: (index) => sizes[2 * index + 1] };
}

/**
 * The most tokens and the most scored labels that a micro-batch of a run has; they may be of different ones.
 */
export function largestMicroBatch(
  sizes: RowSizes,
  config: TrainConfig,
): { readonly tokens: number; readonly labels: number } {
  let [tokens, labels] = [0, 0];
  for (const { microBatches } of planSteps(sizes, config)) {
    for (const batch of microBatches) {
      let [ofTokens, ofLabels] = [0, 0];
      for (const index of batch) {
        ofTokens += sizes.tokens(index);
        ofLabels += sizes.labels(index);
      }
      tokens = Math.max(tokens, ofTokens);
      labels = Math.max(labels, ofLabels);
    }
  }
  return { tokens, labels };
}
