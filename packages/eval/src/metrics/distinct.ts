import { splitWhiteSpace } from "./python-text.js";

/** How varied texts are. */
export interface Distinct {
  /** Different n-grams of all texts together. */
  readonly unique: number;
  /** N-grams of all texts. */
  readonly total: number;
  /** Different n-grams over all n-grams (Li et al., 2016, https://aclanthology.org/N16-1014), 0 to 1; 0 without any. */
  readonly corpus: number;
  /** Mean of that share over the texts that have an n-gram; 0 without any. */
  readonly meanOfTexts: number;
}

/**
 * distinct-n: the share of n-grams that are different.
 *
 * @param texts in English words as white space divides them are compared, in Chinese every character that is no white space
 * @param order length of the n-grams
 */
export function distinct(texts: readonly string[], order: number, language: "en" | "zh"): Distinct {
  const all = new Set<string>();
  let total = 0;
  const shares: number[] = [];
  for (const text of texts) {
    const words = splitWhiteSpace(text);
    const tokens = language === "zh" ? Array.from(words.join("")) : words;
    const own = new Set<string>();
    const count = Math.max(0, tokens.length - order + 1);
    for (let start = 0; start < count; start++) {
      // Tokens hold no white space, so that a space between them keeps n-grams apart.
      const ngram = tokens.slice(start, start + order).join(" ");
      own.add(ngram);
      all.add(ngram);
    }
    total += count;
    if (count > 0) shares.push(own.size / count);
  }
  return {
    unique: all.size,
    total,
    corpus: total === 0 ? 0 : all.size / total,
    meanOfTexts: shares.length === 0 ? 0 : shares.reduce((sum, share) => sum + share, 0) / shares.length,
  };
}
