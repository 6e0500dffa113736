/**
 * ROUGE (Lin, 2004, https://aclanthology.org/W04-1013) as TorchMetrics 1.9 and Google's `rouge_score` compute it:
 * precision, recall and F1 of the n-grams (ROUGE-N) or of the longest common subsequence (ROUGE-L) of each segment,
 * averaged over the segments. A segment without tokens on either side scores 0.
 */
import { MetricOptionError } from "../errors.js";
import {
  longestCommonSubsequenceLength,
  longestCommonSubsequencePositions,
} from "./longest-common-subsequence.js";
import { encodeTokens, NgramMatcher, ngramTotal, type Sequence } from "./ngram-matches.js";
import { tokenizeChinese, tokenizeEnglish, type RougeTokenize } from "./rouge-tokenizer.js";
import { checkChoice, checkSegments, type Segment, type Segments } from "../scores/segments.js";

/**
 * What is compared: n-grams (`rouge1` … `rouge9`), the longest common subsequence of the texts (`rougeL`), or, line
 * by line, the union of the subsequences that each line of the reference shares with the lines of the prediction
 * (`rougeLsum`; put one sentence on a line).
 */
export type RougeKind = `rouge${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9}` | "rougeL" | "rougeLsum";

/** How ROUGE is computed. */
export interface RougeOptions<Kind extends RougeKind = RougeKind> {
  /** @defaultValue ["rouge1", "rouge2", "rougeL"] */
  readonly kinds?: readonly Kind[];
  /**
   * `"en"`: runs of a-z and 0-9; `"zh"`: those and each Chinese character alone; or a function of your own, a word
   * segmenter for instance. @defaultValue "en"
   */
  readonly tokenizer?: "en" | "zh" | RougeTokenize;
  /** Compare English words without their endings (NLTK's Porter stemmer); not for a tokeniser of your own. @defaultValue false */
  readonly stem?: boolean;
  /**
   * With several references: the scores against the reference with the best F1, of each kind its own, or the mean
   * over the references. @defaultValue "best"
   */
  readonly accumulate?: "best" | "average";
}

/** Scores between 0 and 1. */
export interface RougeScore {
  readonly precision: number;
  readonly recall: number;
  readonly fmeasure: number;
}

/** A score for each kind that was asked for. */
export type RougeScores<Kind extends RougeKind = RougeKind> = { readonly [kind in Kind]: RougeScore };

const defaultKinds = ["rouge1", "rouge2", "rougeL"] as const;
type DefaultKind = (typeof defaultKinds)[number];

/** Numbers of a text's tokens, whole and by line; lines are only there when `rougeLsum` needs them. */
interface EncodedText {
  readonly tokens: Sequence;
  readonly lines: readonly Sequence[];
}

/**
 * The mean over the segments of a corpus.
 *
 * @throws SegmentError when predictions and references do not belong together
 * @throws MetricOptionError when an option has an impossible value
 */
export function corpusRouge<Kind extends RougeKind = DefaultKind>({
  predictions,
  references,
  ...options
}: Segments & RougeOptions<Kind>): RougeScores<Kind> {
  const referenceLists = checkSegments({ predictions, references });
  return meanRouge(scoreSegments(predictions, referenceLists, options));
}

/**
 * ROUGE of one segment.
 *
 * @throws SegmentError, MetricOptionError
 */
export function sentenceRouge<Kind extends RougeKind = DefaultKind>({
  prediction,
  references,
  ...options
}: Segment & RougeOptions<Kind>): RougeScores<Kind> {
  return corpusRouge<Kind>({ ...options, predictions: [prediction], references: [references] });
}

/** ROUGE of each segment, of which {@link corpusRouge} is the mean. */
export function scoreSegments<Kind extends RougeKind>(
  predictions: readonly string[],
  references: readonly (readonly string[])[],
  options: RougeOptions<Kind>,
): RougeScores<Kind>[] {
  const kinds: readonly RougeKind[] = options.kinds ?? defaultKinds;
  for (const kind of kinds) {
    if (!/^rouge(?:[1-9]|L|Lsum)$/.test(kind)) {
      throw new MetricOptionError("kinds", "rouge1 to rouge9, rougeL or rougeLsum", kind);
    }
  }
  if (kinds.length === 0) throw new MetricOptionError("kinds", "at least one kind of ROUGE", "none");
  const { accumulate = "best" } = options;
  checkChoice("accumulate", accumulate, ["best", "average"]);
  const tokenize = resolveTokenizer(options);
  const byLine = kinds.includes("rougeLsum");
  const orders = kinds.map(orderOf);
  const highest = Math.max(...orders);
  const matcher = new NgramMatcher();

  return predictions.map((text, segment) => {
    const [prediction, ...against] = encodeTexts([text, ...references[segment]], tokenize, byLine);
    const ngrams = against.map(({ tokens }) =>
      highest > 0 ? matcher.matches(prediction.tokens, [tokens], highest) : new Int32Array(0),
    );
    const entries = kinds.map((kind, place) => {
      const scores = against.map((reference, at) =>
        orders[place] > 0
          ? scoreNgrams(prediction.tokens, reference.tokens, orders[place], ngrams[at])
          : scoreSubsequences(prediction, reference, kind),
      );
      return [kind, accumulate === "best" ? bestScore(scores) : meanScore(scores)] as const;
    });
    return Object.fromEntries(entries) as RougeScores<Kind>;
  });
}

/** The mean of the scores of at least one segment. */
export function meanRouge<Kind extends RougeKind>(segments: readonly RougeScores<Kind>[]): RougeScores<Kind> {
  const kinds = Object.keys(segments[0]) as Kind[];
  const entries = kinds.map((kind) => [kind, meanScore(segments.map((scores) => scores[kind]))] as const);
  return Object.fromEntries(entries) as RougeScores<Kind>;
}

function resolveTokenizer({ tokenizer = "en", stem = false }: RougeOptions): RougeTokenize {
  if (typeof tokenizer === "function") {
    if (stem)
      throw new MetricOptionError("stem", "false with a tokenizer of your own, which can stem itself", stem);
    return tokenizer;
  }
  checkChoice("tokenizer", tokenizer, ["en", "zh"]);
  return tokenizer === "zh" ? (text) => tokenizeChinese(text, stem) : (text) => tokenizeEnglish(text, stem);
}

/** The order of a kind that compares n-grams; 0 of the others. */
const orderOf = (kind: RougeKind): number => Number(/\d/.exec(kind)?.[0] ?? 0);

/** Equal tokens of the texts are equal numbers, in the whole and in the lines. */
function encodeTexts(texts: readonly string[], tokenize: RougeTokenize, byLine: boolean): EncodedText[] {
  const lines = texts.map((text) => (byLine ? text.split("\n").map((line) => tokenize(line)) : []));
  const encoded = encodeTokens([...texts.map((text) => tokenize(text)), ...lines.flat()]);
  let start = texts.length;
  return lines.map(({ length }, text) => ({
    tokens: encoded[text],
    lines: encoded.slice(start, (start += length)),
  }));
}

const scoreNgrams = (
  prediction: Sequence,
  reference: Sequence,
  order: number,
  matches: Int32Array,
): RougeScore =>
  scoreMatches(matches[order - 1], ngramTotal(prediction, order), ngramTotal(reference, order));

function scoreSubsequences(prediction: EncodedText, reference: EncodedText, kind: RougeKind): RougeScore {
  if (kind === "rougeLsum") return scoreUnion(prediction.lines, reference.lines);
  const length = longestCommonSubsequenceLength(reference.tokens, prediction.tokens);
  return scoreMatches(length, prediction.tokens.length, reference.tokens.length);
}

/** ROUGE-L over lines (Lin, 2004, §3.2): a token counts at most as often as it occurs on both sides. */
function scoreUnion(prediction: readonly Sequence[], reference: readonly Sequence[]): RougeScore {
  const predictionLeft = countTokens(prediction);
  const referenceLeft = countTokens(reference);
  let matches = 0;
  for (const line of reference) {
    const taken = new Uint8Array(line.length);
    for (const other of prediction) {
      for (const position of longestCommonSubsequencePositions(line, other)) taken[position] = 1;
    }
    for (const [position, token] of line.entries()) {
      if (taken[position] === 0) continue;
      const inPrediction = predictionLeft.get(token) ?? 0;
      const inReference = referenceLeft.get(token) ?? 0;
      if (inPrediction === 0 || inReference === 0) continue;
      predictionLeft.set(token, inPrediction - 1);
      referenceLeft.set(token, inReference - 1);
      matches++;
    }
  }
  return scoreMatches(matches, tokenCount(prediction), tokenCount(reference));
}

const tokenCount = (lines: readonly Sequence[]): number => lines.reduce((sum, { length }) => sum + length, 0);

function countTokens(lines: readonly Sequence[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const line of lines) for (const token of line) counts.set(token, (counts.get(token) ?? 0) + 1);
  return counts;
}

function scoreMatches(matches: number, ofPrediction: number, ofReference: number): RougeScore {
  if (matches === 0) return { precision: 0, recall: 0, fmeasure: 0 };
  const precision = matches / ofPrediction;
  const recall = matches / ofReference;
  return { precision, recall, fmeasure: (2 * precision * recall) / (precision + recall) };
}

/**
 * The first of the scores with the best F1. F1 is compared in single precision, as TorchMetrics does: two references
 * with the same F1 in exact arithmetic must not be told apart by a rounding error of the last bit.
 */
function bestScore(scores: readonly RougeScore[]): RougeScore {
  return scores.reduce((best, score) =>
    Math.fround(score.fmeasure) > Math.fround(best.fmeasure) ? score : best,
  );
}

function meanScore(scores: readonly RougeScore[]): RougeScore {
  const mean = (field: keyof RougeScore) =>
    scores.reduce((sum, score) => sum + score[field], 0) / scores.length;
  return { precision: mean("precision"), recall: mean("recall"), fmeasure: mean("fmeasure") };
}
