/**
 * Sentence BLEU over given tokens, as NLTK computes it.
 *
 * It differs from sacreBLEU's in what it does with an order for which the prediction is too short: NLTK counts no
 * match out of one n-gram and smooths that, where sacreBLEU stops. Chinese fine-tuning recipes report this score over
 * characters, with the smoothing that is called "method 3" there and `exp` here.
 */
import { brevityPenalty, bleuSmoothings, closestLength, type BleuSmoothing } from "./bleu.js";
import { encodeTokens, NgramMatcher, ngramTotal } from "./ngram-matches.js";
import { checkChoice, checkSegments, checkWholeNumber, type Reference } from "../scores/segments.js";

/** Tokens to score and how. */
export interface NltkBleuOptions {
  readonly prediction: readonly string[];
  /** At least one list of tokens. */
  readonly references: readonly (readonly string[])[];
  /**
   * NLTK's methods 0 to 3 of Chen and Cherry (2014) are `none`, `floor` (with 0.1), `add-k` (with 1) and `exp`.
   * @defaultValue "none"
   */
  readonly smoothing?: BleuSmoothing;
  /** Longest n-gram; the orders weigh the same. @defaultValue 4 */
  readonly maxOrder?: number;
}

/**
 * NLTK's sentence BLEU, between 0 and 1 as NLTK gives it.
 *
 * Without smoothing, NLTK gives a number below 1e-76 when an order has no match; here that is 0.
 *
 * @throws SegmentError when there is no reference
 * @throws MetricOptionError when an option has an impossible value
 */
export function nltkSentenceBleu(options: NltkBleuOptions): number {
  const { prediction, references, smoothing = "none", maxOrder = 4 } = options;
  checkChoice("smoothing", smoothing, bleuSmoothings);
  checkWholeNumber("maxOrder", maxOrder, 1);
  // The check is about how many there are, so any text stands for the tokens.
  checkSegments({ predictions: [""], references: [references.map(() => "")] });

  const [encodedPrediction, ...encodedReferences] = encodeTokens([prediction, ...references]);
  const matches = new NgramMatcher().matches(encodedPrediction, encodedReferences, maxOrder);
  let sumOfLogarithms = 0;
  let halvings = 1;
  for (let order = 1; order <= maxOrder; order++) {
    const total = Math.max(1, ngramTotal(encodedPrediction, order));
    const count = matches[order - 1];
    if (order === 1 && count === 0) return 0;
    let precision = count / total;
    if (smoothing === "add-k" && order > 1) precision = (count + 1) / (total + 1);
    else if (smoothing === "floor" && count === 0) precision = 0.1 / total;
    else if (smoothing === "exp" && count === 0) precision = 1 / ((halvings *= 2) * total);
    if (precision === 0) return 0;
    sumOfLogarithms += Math.log(precision);
  }
  const referenceLength = closestLength(
    prediction.length,
    references.map((reference) => reference.length),
  );
  return brevityPenalty(prediction.length, referenceLength) * Math.exp(sumOfLogarithms / maxOrder);
}

/**
 * BLEU-4 of one sentence by character with smoothing `exp`, between 0 and 1. White space counts as characters.
 *
 * @throws SegmentError when there is no reference
 */
export function characterSentenceBleu(prediction: string, references: Reference): number {
  const [list] = checkSegments({ predictions: [prediction], references: [references] });
  return nltkSentenceBleu({
    prediction: Array.from(prediction),
    references: list.map((reference) => Array.from(reference)),
    smoothing: "exp",
  });
}
