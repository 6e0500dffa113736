const segmenter = new Intl.Segmenter("zh", { granularity: "word" });

/** The words of a text in Chinese or any language with spaces, in lower case, without marks between them. */
export function wordsOf(text: string): string[] {
  return Array.from(segmenter.segment(text.toLowerCase()))
    .filter(({ isWordLike }) => isWordLike === true)
    .map(({ segment }) => segment);
}
