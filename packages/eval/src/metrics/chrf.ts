import { splitWhiteSpace } from "@lathe/files";
/**
 * chrF (Popović, 2015, https://aclanthology.org/W15-3049) and chrF++ (2017, https://aclanthology.org/W17-4770) as
 * sacreBLEU 2.6 computes them: the F_β score of character n-grams, averaged over their orders, and for chrF++ of
 * word n-grams too. Precision and recall are averaged over the orders first, the F score is taken of the averages:
 *
 *   F = 100 · (1 + β²) · P · R / (β² · P + R)
 */
import { MetricOptionError } from "../errors.js";
import { encodeCharacters, encodeTokens, ngramMatches, ngramTotal } from "./ngram-matches.js";
import { asciiPunctuation } from "./ascii-punctuation.js";
import {
  checkSegments,
  checkWholeNumber,
  referenceCount,
  type Segment,
  type Segments,
} from "../scores/segments.js";
import { type SegmentStatistics, scoreOf } from "../significance/segment-statistics.js";

/** How chrF is computed. */
export interface ChrfOptions {
  /** Longest character n-gram. @defaultValue 6 */
  readonly characterOrder?: number;
  /** Longest word n-gram: 0 for chrF, 2 for chrF++. @defaultValue 0 */
  readonly wordOrder?: number;
  /** How many times recall weighs as much as precision. @defaultValue 2 */
  readonly beta?: number;
  /** Compare in lower case. @defaultValue false */
  readonly lowercase?: boolean;
  /** Count white space among the characters. @defaultValue false */
  readonly whitespace?: boolean;
  /**
   * Average the F scores of all orders, as chrF++.py, NLTK and Moses do, instead of leaving out the orders that
   * are longer than a text.
   * @defaultValue false
   */
  readonly epsilonSmoothing?: boolean;
}

/** A chrF score and how it was made. */
export interface ChrfScore {
  /** 0 to 100. */
  readonly score: number;
  /** "chrF2", "chrF2++": β, and a plus for each word order. */
  readonly name: string;
  /** sacreBLEU's description of how the score was made; its version is the one whose numbers these are. */
  readonly signature: string;
}

// Stands for a precision or recall of nothing out of nothing, as in chrF++.py.
const epsilon = 1e-16;

type ResolvedOptions = Required<ChrfOptions>;

/** N-grams of each order, character orders first: how many the prediction and the reference have, and how many match. */
type MatchCounts = { prediction: number; reference: number; matches: number }[];

/**
 * chrF of a corpus: counts are summed over the segments; of several references the one with the best score counts.
 *
 * @throws SegmentError when predictions and references do not belong together
 * @throws MetricOptionError when an option has an impossible value
 */
export function corpusChrf({ predictions, references, ...options }: Segments & ChrfOptions): ChrfScore {
  const referenceLists = checkSegments({ predictions, references });
  const { beta, wordOrder } = resolveOptions(options);
  return {
    score: scoreOf(chrfStatistics(predictions, referenceLists, options)),
    name: `chrF${beta}${"+".repeat(wordOrder)}`,
    signature: chrfSignature(referenceCount(referenceLists), options),
  };
}

/**
 * The counts of each segment and order: n-grams of the prediction, of the best reference, and matches.
 *
 * @throws MetricOptionError when an option has an impossible value
 */
export function chrfStatistics(
  predictions: readonly string[],
  references: readonly (readonly string[])[],
  given: ChrfOptions,
): SegmentStatistics {
  const options = resolveOptions(given);
  const orders = options.characterOrder + options.wordOrder;
  const width = 3 * orders;
  const values = new Float64Array(predictions.length * width);
  predictions.forEach((prediction, segment) => {
    bestCounts(prediction, references[segment], options).forEach(
      ({ prediction: own, reference, matches }, order) => {
        values.set([own, reference, matches], segment * width + 3 * order);
      },
    );
  });
  const score = (sums: Float64Array): number => {
    const counts = Array.from({ length: orders }, (_, order) => {
      const [own, reference, matches] = sums.subarray(3 * order, 3 * order + 3);
      return { prediction: own, reference, matches };
    });
    return scoreCounts(counts, options);
  };
  return { segments: predictions.length, width, values, score };
}

/** sacreBLEU's signature of chrF. @param references how many a segment has */
export function chrfSignature(references: string, given: ChrfOptions): string {
  const options = resolveOptions(given);
  return [
    `nrefs:${references}`,
    `case:${options.lowercase ? "lc" : "mixed"}`,
    `eff:${options.epsilonSmoothing ? "no" : "yes"}`,
    `nc:${options.characterOrder}`,
    `nw:${options.wordOrder}`,
    `space:${options.whitespace ? "yes" : "no"}`,
    "version:2.6.0",
  ].join("|");
}

/**
 * chrF of one sentence.
 *
 * @throws SegmentError, MetricOptionError
 */
export function sentenceChrf({ prediction, references, ...options }: Segment & ChrfOptions): ChrfScore {
  return corpusChrf({ ...options, predictions: [prediction], references: [references] });
}

function resolveOptions(given: ChrfOptions): ResolvedOptions {
  const options: ResolvedOptions = {
    characterOrder: given.characterOrder ?? 6,
    wordOrder: given.wordOrder ?? 0,
    beta: given.beta ?? 2,
    lowercase: given.lowercase ?? false,
    whitespace: given.whitespace ?? false,
    epsilonSmoothing: given.epsilonSmoothing ?? false,
  };
  checkWholeNumber("characterOrder", options.characterOrder, 1);
  checkWholeNumber("wordOrder", options.wordOrder, 0);
  if (!(options.beta > 0 && options.beta < Infinity)) {
    throw new MetricOptionError("beta", "a number above 0", options.beta);
  }
  return options;
}

function countNothing({ characterOrder, wordOrder }: ResolvedOptions): MatchCounts {
  return Array.from({ length: characterOrder + wordOrder }, () => ({
    prediction: 0,
    reference: 0,
    matches: 0,
  }));
}

/** The counts against the reference with the best score, the first of equals. */
function bestCounts(
  prediction: string,
  references: readonly string[],
  options: ResolvedOptions,
): MatchCounts {
  const texts = [prediction, ...references].map((text) => (options.lowercase ? text.toLowerCase() : text));
  const characters = texts.map((text) =>
    encodeCharacters(options.whitespace ? text : splitWhiteSpace(text).join("")),
  );
  const words = options.wordOrder > 0 ? encodeTokens(texts.map(splitWords)) : undefined;

  const all = references.map(() => countNothing(options));
  countMatches(all, 0, options.characterOrder, characters);
  if (words) countMatches(all, options.characterOrder, options.wordOrder, words);
  if (all.length === 1) return all[0];

  let best = all[0];
  let bestScore = -1;
  for (const counts of all) {
    const score = scoreCounts(counts, options);
    if (score > bestScore) [best, bestScore] = [counts, score];
  }
  return best;
}

/** Fills in `orders` orders of each reference's counts from `offset`; sequence 0 is the prediction. */
function countMatches(
  all: MatchCounts[],
  offset: number,
  orders: number,
  [prediction, ...references]: readonly Int32Array[],
): void {
  for (const [index, reference] of references.entries()) {
    const matches = ngramMatches(prediction, [reference], orders);
    for (let order = 1; order <= orders; order++) {
      const referenceTotal = ngramTotal(reference, order);
      // Where the reference has no n-gram of this order, the prediction's do not count against it.
      if (referenceTotal === 0) break;
      all[index][offset + order - 1] = {
        prediction: ngramTotal(prediction, order),
        reference: referenceTotal,
        matches: matches[order - 1],
      };
    }
  }
}

/** Words with one ASCII punctuation mark split off: the last character if it is one, else the first. */
function splitWords(text: string): string[] {
  return splitWhiteSpace(text).flatMap((word) => {
    // A word of one character stays whole, and a character outside the basic plane is no ASCII mark.
    if (word.length === 1) return [word];
    const last = word.length - 1;
    if (asciiPunctuation.has(word[last])) return [word.slice(0, last), word[last]];
    if (asciiPunctuation.has(word[0])) return [word[0], word.slice(1)];
    return [word];
  });
}

function scoreCounts(counts: MatchCounts, { beta, epsilonSmoothing }: ResolvedOptions): number {
  const factor = beta ** 2;
  let sumOfScores = 0;
  let precisionSum = 0;
  let recallSum = 0;
  let orders = 0;
  for (const { prediction, reference, matches } of counts) {
    const precision = prediction > 0 ? matches / prediction : epsilon;
    const recall = reference > 0 ? matches / reference : epsilon;
    const denominator = factor * precision + recall;
    sumOfScores += denominator > 0 ? ((1 + factor) * precision * recall) / denominator : epsilon;
    if (prediction > 0 && reference > 0) {
      precisionSum += precision;
      recallSum += recall;
      orders++;
    }
  }
  if (epsilonSmoothing) return (100 * sumOfScores) / counts.length;
  if (precisionSum + recallSum === 0) return 0;
  const precision = precisionSum / orders;
  const recall = recallSum / orders;
  return (100 * (1 + factor) * precision * recall) / (factor * precision + recall);
}
