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
import { MetricOptionError } from "./errors.js";
import { clippedMatches, countNgrams, encodeTokens, ngramTotal } from "./ngram-counts.js";
import { stripEnd } from "./python-text.js";
import {
  checkChoice,
  checkSegments,
  checkWholeNumber,
  referenceCount,
  type Segment,
  type Segments,
} from "./segments.js";

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
  readonly onWarning?: (message: string) => void;
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
  predictionLength: number;
  referenceLength: number;
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
  const { tokenizer, smoothing, maxOrder, lowercase } = resolveOptions(options);
  const referenceLists = checkSegments({ predictions, references });
  const prepare = (text: string) =>
    tokenizeForBleu(stripEnd(lowercase ? text.toLowerCase() : text), tokenizer);

  const sums: BleuCounts = {
    counts: new Array<number>(maxOrder).fill(0),
    totals: new Array<number>(maxOrder).fill(0),
    predictionLength: 0,
    referenceLength: 0,
  };
  let endsInOwnFullStop = 0;
  predictions.forEach((prediction, segment) => {
    if (prediction.endsWith(" .")) endsInOwnFullStop++;
    addSegment(sums, prepare(prediction), referenceLists[segment].map(prepare));
  });
  if (!options.force && endsInOwnFullStop >= tokenizedWarningCount) {
    options.onWarning?.(
      `${endsInOwnFullStop} predictions end in " .": they look tokenised, which lowers BLEU; pass plain text, or set force if this is meant`,
    );
  }

  const effectiveOrder = options.effectiveOrder ?? false;
  const smoothingValue = options.smoothingValue ?? defaultSmoothingValue[smoothing];
  return {
    ...scoreCounts(sums, smoothing, smoothingValue ?? 0, effectiveOrder),
    signature: [
      `nrefs:${referenceCount(referenceLists)}`,
      `case:${lowercase ? "lc" : "mixed"}`,
      `eff:${effectiveOrder ? "yes" : "no"}`,
      `tok:${tokenizer}`,
      `smooth:${smoothing}${defaultSmoothingValue[smoothing] === undefined ? "" : `[${twoDecimals(smoothingValue!)}]`}`,
      "version:2.6.0",
    ].join("|"),
  };
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
  return { tokenizer, smoothing, maxOrder, lowercase };
}

function addSegment(sums: BleuCounts, prediction: readonly string[], references: readonly string[][]): void {
  const { sequences, width } = encodeTokens([prediction, ...references]);
  const [encodedPrediction, ...encodedReferences] = sequences as [string, ...string[]];
  for (let order = 1; order <= sums.counts.length; order++) {
    const total = ngramTotal(encodedPrediction, width, order);
    if (total === 0) break;
    sums.totals[order - 1] += total;
    sums.counts[order - 1] += clippedMatches(
      countNgrams(encodedPrediction, width, order),
      encodedReferences.map((reference) => countNgrams(reference, width, order)),
    );
  }
  sums.predictionLength += prediction.length;
  sums.referenceLength += closestLength(
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
