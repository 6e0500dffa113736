import { OptionError } from "../option-error.js";

/** Names of the splits, in the order of their weights. */
export const SPLITS = ["train", "validation", "test"] as const;

/** Name of a split. */
export type SplitName = (typeof SPLITS)[number];

/** Relative sizes of training, validation and test split; only their ratio counts. */
export type SplitWeights = Readonly<Record<SplitName, number>>;

const WEIGHT = /^\d+(\.\d+)?$/;
const EXPECTED = 'three weights as in "7:1:2" (train:validation:test), not negative and not all zero';

/** Reads weights such as "7:1:2" or "0.8:0.1:0.1"; throws {@link OptionError} on anything else. */
export function parseSplitWeights(text: string): SplitWeights {
  const parts = text.split(":").map((part) => part.trim());
  const weights = parts.map(Number);
  if (
    parts.length !== SPLITS.length ||
    !parts.every((part) => WEIGHT.test(part)) ||
    !weights.every(Number.isFinite) ||
    weights.every((weight) => weight === 0)
  ) {
    throw new OptionError("split", EXPECTED, text);
  }
  return { train: weights[0], validation: weights[1], test: weights[2] };
}
