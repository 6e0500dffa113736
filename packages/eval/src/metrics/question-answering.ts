import { splitWhiteSpace } from "@lathe/files";
/**
 * Exact match and F1 of short answers.
 *
 * English follows the rules of SQuAD v1.1 (arXiv:1606.05250, §6.1): lower case, without ASCII punctuation, without
 * the articles a, an, the, white space collapsed; F1 is that of the bag of words; of several references the best
 * counts. Two texts of which nothing is left are equal, as in SQuAD's later script, so that F1 is never below exact
 * match.
 *
 * Chinese has the same measures over units of its own: lower case, without punctuation (of any script); each Han character is a
 * unit, and so is each run of other characters up to white space.
 */
import { asciiPunctuation } from "./ascii-punctuation.js";
import { checkChoice, checkSegments, type Segment, type Segments } from "../scores/segments.js";

/** How answers are compared. */
export interface AnswerOptions {
  /** Whose rules divide a text into units. @defaultValue "en" */
  readonly language?: "en" | "zh";
}

/**
 * 100 if the prediction equals one of the references after normalisation, else 0.
 *
 * @throws SegmentError, MetricOptionError
 */
export function exactMatch({ prediction, references, language = "en" }: Segment & AnswerOptions): number {
  checkChoice("language", language, ["en", "zh"]);
  const [list] = checkSegments({ predictions: [prediction], references: [references] });
  const normalize = (text: string) => answerUnits(text, language).join(" ");
  const normalized = normalize(prediction);
  return list.some((reference) => normalize(reference) === normalized) ? 100 : 0;
}

/**
 * F1 of the units of prediction and reference, 0 to 100, the best over the references.
 *
 * @throws SegmentError, MetricOptionError
 */
export function f1Score({ prediction, references, language = "en" }: Segment & AnswerOptions): number {
  checkChoice("language", language, ["en", "zh"]);
  const [list] = checkSegments({ predictions: [prediction], references: [references] });
  const units = answerUnits(prediction, language);
  const scores = list.map((reference) => {
    const expected = answerUnits(reference, language);
    if (units.length === 0 || expected.length === 0) return units.length === expected.length ? 100 : 0;
    return (200 * commonUnits(units, expected)) / (units.length + expected.length);
  });
  return Math.max(...scores);
}

/**
 * The mean of {@link exactMatch} over the segments, 0 to 100.
 *
 * @throws SegmentError, MetricOptionError
 */
export function corpusExactMatch({ predictions, references, ...options }: Segments & AnswerOptions): number {
  const lists = checkSegments({ predictions, references });
  const scores = predictions.map((prediction, segment) =>
    exactMatch({ ...options, prediction, references: lists[segment] }),
  );
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

/**
 * The mean of {@link f1Score} over the segments, 0 to 100.
 *
 * @throws SegmentError, MetricOptionError
 */
export function corpusF1({ predictions, references, ...options }: Segments & AnswerOptions): number {
  const lists = checkSegments({ predictions, references });
  const scores = predictions.map((prediction, segment) =>
    f1Score({ ...options, prediction, references: lists[segment] }),
  );
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

// An article counts only as a word of its own; words are made of letters, digits and underscores of any script.
const article = /(?<![\p{L}\p{N}_])(?:a|an|the)(?![\p{L}\p{N}_])/gu;

// Symbols that SQuAD counts as punctuation although Unicode does not, in ASCII and full width.
const ignoredInChinese = /[\p{P}$+<=>^`|~＄＋＜＝＞＾｀｜～]/gu;

/** What is compared: words, or in Chinese each Han character and each run of others. */
export function answerUnits(text: string, language: "en" | "zh"): string[] {
  const lower = text.toLowerCase();
  if (language === "zh") {
    return splitWhiteSpace(lower.replace(ignoredInChinese, "").replace(/\p{Script=Han}/gu, " $& "));
  }
  const withoutPunctuation = Array.from(lower)
    .filter((character) => !asciiPunctuation.has(character))
    .join("");
  return splitWhiteSpace(withoutPunctuation.replace(article, " "));
}

function commonUnits(a: readonly string[], b: readonly string[]): number {
  const left = new Map<string, number>();
  for (const unit of b) left.set(unit, (left.get(unit) ?? 0) + 1);
  let common = 0;
  for (const unit of a) {
    const count = left.get(unit) ?? 0;
    if (count === 0) continue;
    left.set(unit, count - 1);
    common++;
  }
  return common;
}
