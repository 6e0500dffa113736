import { sentenceChrf, sentenceRouge } from "@lathe/eval";
import type { StudyRow } from "../responses/study-row.js";

/** Chinese, Japanese and Korean are written without spaces: their words are taken character by character. */
const withoutSpaces = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;

/**
 * Scores of a row's replies that judgements are correlated with: those that the files bring and, where the row has a
 * reference, chrF and ROUGE-L (0 to 100).
 *
 * @returns `[system]`
 */
export function automaticScores({
  outputs,
  scores,
  reference,
}: StudyRow): Readonly<Record<string, number>>[] {
  if (reference === null) return [...scores];
  const segment = { references: [reference] };
  const tokenizer = withoutSpaces.test(reference) ? "zh" : "en";
  return outputs.map((prediction, system) => ({
    chrf: sentenceChrf({ ...segment, prediction }).score,
    rougeL: 100 * sentenceRouge({ ...segment, prediction, kinds: ["rougeL"], tokenizer }).rougeL.fmeasure,
    ...scores[system],
  }));
}
