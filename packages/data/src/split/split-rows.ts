import { assignGroups } from "./assign-groups.js";
import { DigestIndex } from "../rows/digest-index.js";
import { DIALOGUE_FIELDS, groupDigest } from "./group-digest.js";
import { checkInteger } from "../option-error.js";
import type { Row } from "../rows/row.js";
import { parseSplitWeights, SPLITS, type SplitName, type SplitWeights } from "./split-weights.js";

/** How rows are split. */
export interface SplitOptions {
  /** Weights of train, validation and test, e.g. "7:1:2". */
  readonly split: string | SplitWeights;
  /** Chooses among the possible splits; a whole number. */
  readonly seed: number;
  /** Fields that name the dialogue of a row, the first one present decides. @defaultValue {@link DIALOGUE_FIELDS} */
  readonly groupBy?: readonly string[];
}

/**
 * Splits rows that are in memory; see {@link assignGroups} for what holds of the result. The rows of a split keep their order.
 *
 * @throws OptionError when the weights or the seed are not usable
 */
export function splitRows<R extends Row>(rows: readonly R[], options: SplitOptions): Record<SplitName, R[]> {
  const weights = resolveWeights(options.split);
  checkInteger("seed", options.seed, Number.MIN_SAFE_INTEGER);
  const groups = new DigestIndex();
  const sizes: number[] = [];
  const groupOfRow = rows.map((row) => {
    const group = groups.add(groupDigest(row, options.groupBy ?? DIALOGUE_FIELDS));
    sizes[group] = (sizes[group] ?? 0) + 1;
    return group;
  });
  const assigned = assignGroups(groups, sizes, weights, options.seed);
  const splits: Record<SplitName, R[]> = { train: [], validation: [], test: [] };
  rows.forEach((row, index) => splits[SPLITS[assigned[groupOfRow[index]]]].push(row));
  return splits;
}

/** Checks weights given as text or as an object. */
export function resolveWeights(split: string | SplitWeights): SplitWeights {
  return parseSplitWeights(typeof split === "string" ? split : SPLITS.map((name) => split[name]).join(":"));
}
