import { checkSegments, referenceCount, type Segment, type Segments } from "../scores/segments.js";
import { scoreOf, type SegmentStatistics, sumsOf } from "../significance/segment-statistics.js";
import { countTerEdits } from "./ter-edits.js";
import { type TerTokenizerOptions, tokenizeForTer } from "./ter-tokenizer.js";

/** How TER is computed. */
export type TerOptions = TerTokenizerOptions;

/** A TER score and what it was made of. */
export interface TerScore {
  /** Edits for a hundred words of reference: 0 is best, and there is no upper bound. */
  readonly score: number;
  readonly edits: number;
  /** Words of the references; of several the mean. */
  readonly referenceLength: number;
  /** sacreBLEU's description of how the score was made; its version is the one whose numbers these are. */
  readonly signature: string;
}

/**
 * Translation edit rate of a corpus as sacreBLEU 2.6 computes it: the fewest edits to any reference over the mean length of
 * the references, both summed over the segments.
 *
 * @throws SegmentError when predictions and references do not belong together
 */
export function corpusTer({ predictions, references, ...options }: Segments & TerOptions): TerScore {
  const referenceLists = checkSegments({ predictions, references });
  const statistics = terStatistics(predictions, referenceLists, options);
  const [edits, referenceLength] = sumsOf(statistics);
  return {
    score: scoreOf(statistics),
    edits,
    referenceLength,
    signature: terSignature(referenceCount(referenceLists), options),
  };
}

/**
 * TER of one sentence.
 *
 * @throws SegmentError
 */
export function sentenceTer({ prediction, references, ...options }: Segment & TerOptions): TerScore {
  return corpusTer({ ...options, predictions: [prediction], references: [references] });
}

/** Edits and words of reference of each segment. */
export function terStatistics(
  predictions: readonly string[],
  references: readonly (readonly string[])[],
  options: TerOptions,
): SegmentStatistics {
  const values = new Float64Array(2 * predictions.length);
  // A loop, not a function of each row: the score would keep its surroundings, the texts.
  for (const [segment, prediction] of predictions.entries()) {
    const words = tokenizeForTer(prediction, options);
    // sacreBLEU prepares references twice, which cuts a few once more: "it's" before a wide space, say.
    const others = references[segment].map((reference) =>
      tokenizeForTer(tokenizeForTer(reference, options).join(" "), options),
    );
    values[2 * segment] = Math.min(...others.map((other) => countTerEdits(words, other)));
    values[2 * segment + 1] = others.reduce((sum, { length }) => sum + length, 0) / others.length;
  }
  return {
    segments: predictions.length,
    width: 2,
    values,
    score: ([edits, length]) => (length > 0 ? (100 * edits) / length : edits > 0 ? 100 : 0),
  };
}

/** sacreBLEU's signature of TER. @param references how many a segment has */
export function terSignature(
  references: string,
  { normalized = false, noPunctuation = false, asianSupport = false, caseSensitive = false }: TerOptions,
): string {
  return [
    `nrefs:${references}`,
    `case:${caseSensitive ? "mixed" : "lc"}`,
    "tok:tercom",
    `norm:${normalized ? "yes" : "no"}`,
    `punct:${noPunctuation ? "no" : "yes"}`,
    `asian:${asianSupport ? "yes" : "no"}`,
    "version:2.6.0",
  ].join("|");
}
