import { porterStem } from "./porter-stemmer.js";

/** Splits a text into the tokens that ROUGE compares. */
export type RougeTokenize = (text: string) => readonly string[];

/**
 * Runs of a-z and 0-9 in lower case, as Google's `rouge_score` and TorchMetrics tokenise English. Anything else,
 * accented letters included, separates tokens.
 *
 * @param stem strip English endings off tokens of more than three characters
 */
export function tokenizeEnglish(text: string, stem = false): string[] {
  return stemTokens(text.toLowerCase().match(/[a-z0-9]+/g) ?? [], stem);
}

/**
 * Each character of the block of CJK unified ideographs (U+4E00..U+9FFF) alone, and runs of a-z and 0-9 in lower
 * case between them; punctuation separates tokens.
 *
 * @param stem strip English endings off the runs of more than three characters
 */
export function tokenizeChinese(text: string, stem = false): string[] {
  return stemTokens(text.toLowerCase().match(/[\u4e00-\u9fff]|[a-z0-9]+/g) ?? [], stem);
}

// Endings of shorter words are rarely endings; rouge_score leaves them alone as well.
const longestUnstemmed = 3;

function stemTokens(tokens: string[], stem: boolean): string[] {
  if (!stem) return tokens;
  return tokens.map((token) => (token.length > longestUnstemmed ? porterStem(token) : token));
}
