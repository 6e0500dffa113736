import { splitWhiteSpace } from "@lathe/files";
/**
 * chrF (Popović, 2015, https://aclanthology.org/W15-3049) and chrF++ (2017, https://aclanthology.org/W17-4770) as
 * sacreBLEU 2.6 computes them: the F_β score of character n-grams, averaged over their orders, and for chrF++ of
 * word n-grams too. Precision and recall are averaged over the orders first, the F score is taken of the averages:
 *
 *   F = 100 · (1 + β²) · P · R / (β² · P + R)
 */
import { MetricOptionError } from "../errors.js";
import { encodeCharacters, encodeTokens, NgramMatcher, ngramTotal, type Sequence } from "./ngram-matches.js";
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

/**
 * [order, 3]: n-grams of each order, character orders first: how many the prediction and the reference have, and how many
 * match.
 */
type MatchCounts = Float64Array;

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
  const width = 3 * (options.characterOrder + options.wordOrder);
  const values = new Float64Array(predictions.length * width);
  const matcher = new NgramMatcher();
  const counts = new Float64Array(width);
  for (const [segment, prediction] of predictions.entries()) {
    const sequences = encodeTexts([prediction, ...references[segment]], options);
    let bestScore = -1;
    for (let reference = 1; reference < sequences.length; reference++) {
      countMatches(counts, sequences[0], sequences[reference], options, matcher);
      const score = sequences.length === 2 ? 0 : scoreCounts(counts, options);
      // Of equal ones the first.
      if (score <= bestScore) continue;
      values.set(counts, segment * width);
      bestScore = score;
    }
  }
  return { segments: predictions.length, width, values, score: (sums) => scoreCounts(sums, options) };
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

/** A text as what its n-grams are of. */
interface EncodedText {
  readonly characters: Sequence;
  /** Empty where words do not count. */
  readonly words: Sequence;
}

function encodeTexts(
  texts: readonly string[],
  { lowercase, whitespace, wordOrder }: ResolvedOptions,
): EncodedText[] {
  const cased = lowercase ? texts.map((text) => text.toLowerCase()) : texts;
  const words = encodeTokens(cased.map((text) => (wordOrder > 0 ? splitWords(text) : [])));
  return cased.map((text, index) => ({
    characters: encodeCharacters(text, { withoutWhiteSpace: !whitespace }),
    words: words[index],
  }));
}

/** Fills in the counts of a prediction and a reference. */
function countMatches(
  counts: MatchCounts,
  prediction: EncodedText,
  reference: EncodedText,
  { characterOrder, wordOrder }: ResolvedOptions,
  matcher: NgramMatcher,
): void {
  counts.fill(0);
  const count = (own: Sequence, other: Sequence, orders: number, start: number): void => {
    const matches = matcher.matches(own, [other], orders);
    for (let order = 1; order <= orders; order++) {
      const total = ngramTotal(other, order);
      // Where the reference has no n-gram of this order, the prediction's do not count against it.
      if (total === 0) break;
      const place = 3 * (start + order - 1);
      counts[place] = ngramTotal(own, order);
      counts[place + 1] = total;
      counts[place + 2] = matches[order - 1];
    }
  };
  count(prediction.characters, reference.characters, characterOrder, 0);
  count(prediction.words, reference.words, wordOrder, characterOrder);
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
  for (let place = 0; place < counts.length; place += 3) {
    const [prediction, reference, matches] = [counts[place], counts[place + 1], counts[place + 2]];
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
  if (epsilonSmoothing) return (100 * sumOfScores) / (counts.length / 3);
  if (precisionSum + recallSum === 0) return 0;
  const precision = precisionSum / orders;
  const recall = recallSum / orders;
  return (100 * (1 + factor) * precision * recall) / (factor * precision + recall);
}
