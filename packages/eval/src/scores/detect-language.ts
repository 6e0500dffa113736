// A Chinese text with English names and product codes in it has at least this share of Han characters among its
// letters; an English text that quotes a few characters has far less.
const leastHanShare = 0.2;

// Enough letters to judge by; a corpus need not be read to its end.
const enoughLetters = 100_000;

/** Letters of texts, and those of them that are Han characters. */
export class LetterCount {
  #letters = 0;
  #han = 0;

  /** Whether there are enough letters to judge by; more are not counted. */
  get isEnough(): boolean {
    return this.#letters >= enoughLetters;
  }

  /** Counts a text in. */
  add(text: string): void {
    if (this.isEnough) return;
    this.#letters += text.match(/\p{L}/gu)?.length ?? 0;
    this.#han += text.match(/\p{Script=Han}/gu)?.length ?? 0;
  }

  /** Whose rules they are to be scored by. */
  get language(): "en" | "zh" {
    return this.#han > 0 && this.#han >= leastHanShare * this.#letters ? "zh" : "en";
  }
}

/**
 * Whether texts are to be scored by the rules for Chinese: `"zh"` if at least a fifth of their letters are Han
 * characters, else `"en"`, which stands for any language written with spaces between words.
 */
export function detectLanguage(texts: Iterable<string>): "en" | "zh" {
  const count = new LetterCount();
  for (const text of texts) {
    count.add(text);
    if (count.isEnough) break;
  }
  return count.language;
}
