import { strip } from "@lathe/files";
import { checkSegments, type Segments } from "../scores/segments.js";

/**
 * The share of predictions that are one of their references, between 0 and 1. Only white space at the ends is
 * ignored: this is for labels and fixed answers; {@link corpusExactMatch} is more lenient.
 *
 * @throws SegmentError when predictions and references do not belong together
 */
export function accuracy({ predictions, references }: Segments): number {
  const lists = checkSegments({ predictions, references });
  const correct = predictions.filter((prediction, segment) =>
    lists[segment].some((reference) => strip(reference) === strip(prediction)),
  );
  return correct.length / predictions.length;
}
