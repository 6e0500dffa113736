import { splitWhiteSpace, strip, stripEnd } from "@lathe/files";
/**
 * Scores as LLaMA-Factory reports them, so that numbers compare: BLEU-4 by character with NLTK's smoothing method 3, and
 * ROUGE over the words that jieba finds, as the package rouge_chinese computes it. There ROUGE-1 and -2 compare sets of
 * n-grams, so that a repeated word counts once, F1 has 1e-8 added to its denominator, and each row is rounded to four places.
 */
import { type CutWords, cutByJieba } from "./jieba-words.js";
import { longestCommonSubsequenceLength } from "./longest-common-subsequence.js";
import { encodeTokens } from "./ngram-matches.js";
import { characterSentenceBleu } from "./nltk-bleu.js";

/** The scores of a text, 0 to 100. */
export interface LlamaFactoryScores {
  readonly bleu4: number;
  readonly rouge1: number;
  readonly rouge2: number;
  readonly rougeL: number;
}

/**
 * Scores one text; of several references the best of each score counts.
 *
 * @param cut what divides the texts into words for ROUGE
 */
export function llamaFactoryScores(
  prediction: string,
  references: readonly string[],
  cut: CutWords = cutByJieba,
): LlamaFactoryScores {
  const wordsOf = (text: string): string[] => wordsOfSentences(cut(text).join(" "));
  const words = wordsOf(prediction);
  const scores = references.map((reference) => {
    const expected = wordsOf(reference);
    const bleu4 = rounded(characterSentenceBleu(prediction, reference));
    if (words.length === 0 || expected.length === 0) return { bleu4, rouge1: 0, rouge2: 0, rougeL: 0 };
    const [ofReference, ofPrediction] = encodeTokens([expected, words]);
    const common = longestCommonSubsequenceLength(ofReference, ofPrediction);
    return {
      bleu4,
      rouge1: rougeOfSets(words, expected, 1),
      rouge2: rougeOfSets(words, expected, 2),
      rougeL: f1(common, words.length, expected.length),
    };
  });
  const best = (field: keyof LlamaFactoryScores): number => Math.max(...scores.map((score) => score[field]));
  return { bleu4: best("bleu4"), rouge1: best("rouge1"), rouge2: best("rouge2"), rougeL: best("rougeL") };
}

/**
 * The words of all sentences, of a text in which spaces stand between words. rouge_chinese ends a sentence at a mark and at a line's
 * end, and one of spaces alone, as between two paragraphs, counts as an empty word.
 */
function wordsOfSentences(text: string): string[] {
  if (strip(text) === "") return [];
  const lines = sentenceEnds.reduce((cut, end) => cut.replaceAll(end, "$1\n$2"), text);
  return stripEnd(lines)
    .split("\n")
    .filter((line) => line !== "")
    .flatMap((line) => splitWhiteSpace(line).join(" ").split(" "));
}

const sentenceEnds = [
  /([。！？?])([^”’])/gu,
  /(\.{6})([^”’])/gu,
  /(…{2})([^”’])/gu,
  /([。！？?][”’])([^，。！？?])/gu,
];

function rougeOfSets(words: readonly string[], expected: readonly string[], order: number): number {
  const own = ngramSet(words, order);
  const other = ngramSet(expected, order);
  let common = 0;
  for (const ngram of own) if (other.has(ngram)) common++;
  return f1(common, own.size, other.size);
}

function ngramSet(words: readonly string[], order: number): ReadonlySet<string> {
  const ngrams = new Set<string>();
  for (let start = 0; start + order <= words.length; start++) {
    ngrams.add(words.slice(start, start + order).join("\n"));
  }
  return ngrams;
}

function f1(common: number, ofPrediction: number, ofReference: number): number {
  const precision = ofPrediction === 0 ? 0 : common / ofPrediction;
  const recall = ofReference === 0 ? 0 : common / ofReference;
  return rounded((2 * precision * recall) / (precision + recall + 1e-8));
}

/** In percent, to four places. */
const rounded = (share: number): number => Number((100 * share).toFixed(4));
