// A Chinese text with English names and product codes in it has at least this share of Han characters among its
// letters; an English text that quotes a few characters has far less.
const leastHanShare = 0.2;

// Enough letters to judge by; a corpus need not be read to its end.
const enoughLetters = 100_000;

/**
 * Whether texts are to be scored by the rules for Chinese: `"zh"` if at least a fifth of their letters are Han
 * characters, else `"en"`, which stands for any language written with spaces between words.
 */
export function detectLanguage(texts: Iterable<string>): "en" | "zh" {
  let letters = 0;
  let han = 0;
  for (const text of texts) {
    letters += text.match(/\p{L}/gu)?.length ?? 0;
    han += text.match(/\p{Script=Han}/gu)?.length ?? 0;
    if (letters >= enoughLetters) break;
  }
  return han > 0 && han >= leastHanShare * letters ? "zh" : "en";
}
