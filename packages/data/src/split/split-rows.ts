import { checkInteger } from "../option-error.js";
import type { Row } from "../rows/row.js";
import { RowGroups, type RowGroupOptions } from "./row-groups.js";
import { parseSplitWeights, SPLITS, type SplitName, type SplitWeights } from "./split-weights.js";

/** How rows are split. */
export interface SplitOptions extends RowGroupOptions {
  /** Weights of train, validation and test, e.g. "7:1:2". */
  readonly split: string | SplitWeights;
  /** Chooses among the possible splits; a whole number. */
  readonly seed: number;
}

/**
 * Splits rows that are in memory; see {@link RowGroups} for what holds of the result. The rows of a split keep their order.
 *
 * @throws OptionError when the weights or the seed are not usable
 */
export function splitRows<R extends Row>(rows: readonly R[], options: SplitOptions): Record<SplitName, R[]> {
  const weights = resolveWeights(options.split);
  checkInteger("seed", options.seed, Number.MIN_SAFE_INTEGER);
  const groups = new RowGroups(options);
  for (const row of rows) groups.add(row);
  const assigned = groups.assign(weights, options.seed);
  const splits: Record<SplitName, R[]> = { train: [], validation: [], test: [] };
  rows.forEach((row, index) => splits[SPLITS[assigned[index]]].push(row));
  return splits;
}

/** Checks weights given as text or as an object. */
export function resolveWeights(split: string | SplitWeights): SplitWeights {
  return parseSplitWeights(typeof split === "string" ? split : SPLITS.map((name) => split[name]).join(":"));
}
