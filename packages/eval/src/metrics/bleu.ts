import { type OnWarning, phrase, stripEnd } from "@lathe/files";
/**
 * BLEU (Papineni et al., 2002, https://aclanthology.org/P02-1040) as sacreBLEU 2.6 computes it:
 *
 *   BLEU = 100 · BP · exp(Σ_n log p_n / N),   BP = min(1, exp(1 − r / c)),
 *
 * with p_n the clipped n-gram precision over the whole corpus, c the length of the predictions and r the sum of the
 * reference lengths closest to them. The scores, counts and signatures are meant to be compared with published ones,
 * so every choice that moves a number is sacreBLEU's.
 */
import { bleuTokenizers, tokenizeForBleu, type BleuTokenizer } from "./bleu-tokenizer.js";
import { MetricOptionError } from "../errors.js";
import { encodeTokens, NgramMatcher, ngramTotal } from "./ngram-matches.js";
import {
  checkChoice,
  checkSegments,
  checkWholeNumber,
  referenceCount,
  type Segment,
  type Segments,
} from "../scores/segments.js";
import { type SegmentStatistics, sumsOf } from "../significance/segment-statistics.js";

/**
 * What becomes of an order without a match, after Chen and Cherry (2014, https://aclanthology.org/W14-3346):
 * `none` leaves it 0; `floor` counts 0.1 matches; `add-k` adds 1 to matches and totals of all orders but the first;
 * `exp` halves the count at each such order: 1/2, 1/4, …
 */
export const bleuSmoothings = ["none", "floor", "add-k", "exp"] as const;

/** Name of a smoothing. */
export type BleuSmoothing = (typeof bleuSmoothings)[number];

/** How BLEU is computed. */
export interface BleuOptions {
  /** @defaultValue "13a" */
  readonly tokenizer?: BleuTokenizer;
  /** @defaultValue "exp" */
  readonly smoothing?: BleuSmoothing;
  /** Matches that `floor` counts for an order without any (0.1 unless given) or the k of `add-k` (1 unless given). */
  readonly smoothingValue?: number;
  /** Longest n-gram. @defaultValue 4 */
  readonly maxOrder?: number;
  /**
   * Leave out the orders for which a prediction is too short, instead of scoring 0.
   * @defaultValue false for a corpus, true for a sentence
   */
  readonly effectiveOrder?: boolean;
  /** Compare in lower case. @defaultValue false */
  readonly lowercase?: boolean;
  /** Do not warn when the predictions look tokenised already. @defaultValue false */
  readonly force?: boolean;
  /** Hears of predictions that look tokenised already, which lowers the score. */
  readonly onWarning?: OnWarning;
}

/** A BLEU score and what it was made of. */
export interface BleuScore {
  /** 0 to 100. */
  readonly score: number;
  /** Clipped matches of order 1, 2, …; `add-k` smoothing is included. */
  readonly counts: readonly number[];
  /** N-grams of the predictions of order 1, 2, …; `add-k` smoothing is included. */
  readonly totals: readonly number[];
  /** Smoothed precisions of order 1, 2, …, 0 to 100. */
  readonly precisions: readonly number[];
  /** 1 unless the predictions are shorter than the references. */
  readonly brevityPenalty: number;
  /** Tokens of the predictions. */
  readonly predictionLength: number;
  /** Tokens of the closest references. */
  readonly referenceLength: number;
  /** sacreBLEU's description of how the score was made; its version is the one whose numbers these are. */
  readonly signature: string;
}

/** Counts from which a BLEU score follows; those of a corpus are the sums of its segments'. */
interface BleuCounts {
  readonly counts: number[];
  readonly totals: number[];
  readonly predictionLength: number;
  readonly referenceLength: number;
}

const defaultSmoothingValue: Readonly<Record<BleuSmoothing, number | undefined>> = {
  none: undefined,
  floor: 0.1,
  "add-k": 1,
  exp: undefined,
};

// So many predictions that end in a full stop of its own are more than coincidence.
const tokenizedWarningCount = 100;

/**
 * BLEU of a corpus: counts are summed over the segments before precisions are taken.
 *
 * @throws SegmentError when predictions and references do not belong together
 * @throws MetricOptionError when an option has an impossible value
 */
export function corpusBleu({ predictions, references, ...options }: Segments & BleuOptions): BleuScore {
  const referenceLists = checkSegments({ predictions, references });
  const counts = bleuStatistics(predictions, referenceLists, options);
  return {
    ...bleuOfSums(sumsOf(counts), options),
    signature: bleuSignature(referenceCount(referenceLists), options),
  };
}

/**
 * The counts of each segment: matches and n-grams of each order, length of the prediction, length of the closest reference.
 *
 * @throws MetricOptionError when an option has an impossible value
 */
export function bleuStatistics(
  predictions: readonly string[],
  references: readonly (readonly string[])[],
  options: BleuOptions,
): SegmentStatistics {
  const { tokenizer, maxOrder, lowercase } = resolveOptions(options);
  const prepare = (text: string) =>
    tokenizeForBleu(stripEnd(lowercase ? text.toLowerCase() : text), tokenizer);
  const width = 2 * maxOrder + 2;
  const values = new Float64Array(predictions.length * width);
  const matcher = new NgramMatcher();
  let endsInOwnFullStop = 0;
  // A loop, not a function of each row: what the score is made by would keep its surroundings, the texts, for as long as itself.
  for (const [segment, prediction] of predictions.entries()) {
    if (prediction.endsWith(" .")) endsInOwnFullStop++;
    const counts = values.subarray(segment * width, (segment + 1) * width);
    countSegment(counts, maxOrder, matcher, prepare(prediction), references[segment].map(prepare));
  }
  if (!options.force && endsInOwnFullStop >= tokenizedWarningCount) {
    options.onWarning?.(
      phrase`${endsInOwnFullStop} predictions end in " .": they look tokenised, which lowers BLEU; pass plain text, or set force if this is meant`,
    );
  }
  return { segments: predictions.length, width, values, score: (sums) => bleuOfSums(sums, options).score };
}

/** The score that follows from the sums of {@link bleuStatistics}. */
export function bleuOfSums(sums: Float64Array, options: BleuOptions): Omit<BleuScore, "signature"> {
  const { smoothing, maxOrder, smoothingValue } = resolveOptions(options);
  const counts: BleuCounts = {
    counts: Array.from(sums.subarray(0, maxOrder)),
    totals: Array.from(sums.subarray(maxOrder, 2 * maxOrder)),
    predictionLength: sums[2 * maxOrder],
    referenceLength: sums[2 * maxOrder + 1],
  };
  return scoreCounts(counts, smoothing, smoothingValue, options.effectiveOrder ?? false);
}

/** sacreBLEU's signature of BLEU. @param references how many a segment has */
export function bleuSignature(references: string, options: BleuOptions): string {
  const { tokenizer, smoothing, lowercase, smoothingValue } = resolveOptions(options);
  return [
    `nrefs:${references}`,
    `case:${lowercase ? "lc" : "mixed"}`,
    `eff:${options.effectiveOrder ? "yes" : "no"}`,
    `tok:${tokenizer}`,
    `smooth:${smoothing}${defaultSmoothingValue[smoothing] === undefined ? "" : `[${twoDecimals(smoothingValue)}]`}`,
    "version:2.6.0",
  ].join("|");
}

/**
 * BLEU of one sentence, with `effectiveOrder` on unless it is given, as sacreBLEU recommends.
 *
 * @throws SegmentError, MetricOptionError
 */
export function sentenceBleu({ prediction, references, ...options }: Segment & BleuOptions): BleuScore {
  return corpusBleu({
    effectiveOrder: true,
    ...options,
    predictions: [prediction],
    references: [references],
  });
}

function resolveOptions(options: BleuOptions) {
  const { tokenizer = "13a", smoothing = "exp", maxOrder = 4, lowercase = false, smoothingValue } = options;
  checkChoice("tokenizer", tokenizer, bleuTokenizers);
  checkChoice("smoothing", smoothing, bleuSmoothings);
  checkWholeNumber("maxOrder", maxOrder, 1);
  if (smoothingValue !== undefined && !(smoothingValue >= 0 && smoothingValue < Infinity)) {
    throw new MetricOptionError("smoothingValue", "a number of at least 0", smoothingValue);
  }
  return {
    tokenizer,
    smoothing,
    maxOrder,
    lowercase,
    smoothingValue: smoothingValue ?? defaultSmoothingValue[smoothing] ?? 0,
  };
}

function countSegment(
  counts: Float64Array,
  maxOrder: number,
  matcher: NgramMatcher,
  prediction: readonly string[],
  references: readonly string[][],
): void {
  const [encodedPrediction, ...encodedReferences] = encodeTokens([prediction, ...references]);
  const matches = matcher.matches(encodedPrediction, encodedReferences, maxOrder);
  for (let order = 1; order <= maxOrder; order++) {
    const total = ngramTotal(encodedPrediction, order);
    if (total === 0) break;
    counts[maxOrder + order - 1] = total;
    counts[order - 1] = matches[order - 1];
  }
  counts[2 * maxOrder] = prediction.length;
  counts[2 * maxOrder + 1] = closestLength(
    prediction.length,
    references.map((reference) => reference.length),
  );
}

/** The length closest to `length`, and of two equally close ones the shorter. */
export function closestLength(length: number, candidates: readonly number[]): number {
  return candidates.reduce((best, candidate) => {
    const difference = Math.abs(candidate - length) - Math.abs(best - length);
    return difference < 0 || (difference === 0 && candidate < best) ? candidate : best;
  });
}

/** BP = min(1, exp(1 − r / c)), and 0 when there is no prediction but a reference. */
export function brevityPenalty(predictionLength: number, referenceLength: number): number {
  if (predictionLength >= referenceLength) return 1;
  return predictionLength > 0 ? Math.exp(1 - referenceLength / predictionLength) : 0;
}

function scoreCounts(
  sums: BleuCounts,
  smoothing: BleuSmoothing,
  smoothingValue: number,
  effectiveOrder: boolean,
): Omit<BleuScore, "signature"> {
  const { counts, totals, predictionLength, referenceLength } = sums;
  const maxOrder = counts.length;
  const precisions = new Array<number>(maxOrder).fill(0);
  const penalty = brevityPenalty(predictionLength, referenceLength);
  const result = { counts, totals, precisions, brevityPenalty: penalty, predictionLength, referenceLength };
  if (counts.every((count) => count === 0)) return { score: 0, ...result };

  let orders = maxOrder;
  let halvings = 1;
  for (let index = 0; index < maxOrder; index++) {
    if (smoothing === "add-k" && index > 0) {
      counts[index] += smoothingValue;
      totals[index] += smoothingValue;
    }
    const count = counts[index];
    const total = totals[index];
    if (total === 0) break;
    if (effectiveOrder) orders = index + 1;
    if (count > 0) {
      precisions[index] = (100 * count) / total;
    } else if (smoothing === "exp") {
      halvings *= 2;
      precisions[index] = 100 / (halvings * total);
    } else if (smoothing === "floor") {
      precisions[index] = (100 * smoothingValue) / total;
    }
  }
  const used = precisions.slice(0, orders);
  const score = used.includes(0)
    ? 0
    : penalty * Math.exp(used.reduce((sum, precision) => sum + Math.log(precision), 0) / orders);
  return { score, ...result };
}

/** Two decimals with a tie going to the even digit, as Python formats numbers; `toFixed` rounds a tie up. */
function twoDecimals(value: number): string {
  const hundredths = Math.floor(value * 100);
  const isTie = Number.isInteger(value * 8) && value * 100 - hundredths === 0.5;
  return isTie && hundredths % 2 === 0 ? (hundredths / 100).toFixed(2) : value.toFixed(2);
}
