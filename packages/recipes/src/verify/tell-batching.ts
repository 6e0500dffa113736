import { phrase, type Phrase, type Told } from "@lathe/files";
import type { Batching, BatchingComparison } from "./compare-batching.js";

const ways: Readonly<Record<Batching, Phrase>> = {
  accumulation: phrase`in 4 micro-batches and in one`,
  packing: phrase`side by side and alone`,
};

/** Whether a step in both ways is the same, with the relative differences. */
export function tellBatching(batching: Batching, compared: BatchingComparison): Told {
  const { rows, equal, tolerance, lossDifference, gradientDifference, labelDifference } = compared;
  const shown = (difference: number): string => difference.toExponential(1);
  const loss = shown(lossDifference);
  const gradients = shown(gradientDifference);
  const differences: Phrase =
    labelDifference === null
      ? phrase`loss ${loss}, gradients ${gradients}`
      : phrase`loss ${loss}, a label's loss ${shown(labelDifference)}, gradients ${gradients}`;
  const within = tolerance.toExponential(0);
  return [
    equal
      ? phrase`${rows} rows ${ways[batching]}: the same within ${within} (${differences})`
      : phrase`${rows} rows ${ways[batching]}: not the same within ${within} (${differences})`,
  ];
}
