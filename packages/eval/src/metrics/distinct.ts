import { splitWhiteSpace } from "@lathe/files";

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
    const ngrams = ngramsOf(text, order, language);
    for (const ngram of ngrams) all.add(ngram);
    total += ngrams.length;
    if (ngrams.length > 0) shares.push(new Set(ngrams).size / ngrams.length);
  }
  return {
    unique: all.size,
    total,
    corpus: total === 0 ? 0 : all.size / total,
    meanOfTexts: shares.length === 0 ? 0 : shares.reduce((sum, share) => sum + share, 0) / shares.length,
  };
}

/** The n-grams of a text in order: of its words, in Chinese of its characters. */
export function ngramsOf(text: string, order: number, language: "en" | "zh"): string[] {
  const words = splitWhiteSpace(text);
  const tokens = language === "zh" ? Array.from(words.join("")) : words;
  // Tokens hold no white space, so that a space between them keeps n-grams apart.
  return tokens
    .slice(0, Math.max(0, tokens.length - order + 1))
    .map((_, start) => tokens.slice(start, start + order).join(" "));
}
