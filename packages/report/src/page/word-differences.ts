/** A piece of a text, and whether it is not in the text beside it. */
export interface TextPart {
  readonly text: string;
  readonly isOwn: boolean;
}

/** Words beyond which texts are not compared: the table of two such texts is what a page may take. */
const MOST_WORDS = 800;

/** Characters beyond which a text is not cut into words. */
const MOST_CHARACTERS = 20_000;

const words = new Intl.Segmenter(undefined, { granularity: "word" });

/**
 * A text in parts: what it has in common with another, as the longest common subsequence of their words, and what is its own. Texts
 * that are very long are not compared: the whole is one part then.
 */
export function wordDifferences(text: string, other: string): TextPart[] {
  if (text === other || text.length > MOST_CHARACTERS || other.length > MOST_CHARACTERS) {
    return [{ text, isOwn: false }];
  }
  const [own, others] = [text, other].map((one) => Array.from(words.segment(one), ({ segment }) => segment));
  if (own.length > MOST_WORDS || others.length > MOST_WORDS) return [{ text, isOwn: false }];
  const width = others.length + 1;
  // Length of the longest common subsequence of what follows.
  const lengths = new Uint16Array((own.length + 1) * width);
  for (let i = own.length - 1; i >= 0; i--) {
    for (let j = others.length - 1; j >= 0; j--) {
      lengths[i * width + j] =
        own[i] === others[j]
          ? lengths[(i + 1) * width + j + 1] + 1
          : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
    }
  }
  const parts: { text: string; isOwn: boolean }[] = [];
  const add = (word: string, isOwn: boolean): void => {
    const last = parts.at(-1);
    if (last?.isOwn === isOwn) last.text += word;
    else parts.push({ text: word, isOwn });
  };
  for (let [i, j] = [0, 0]; i < own.length;) {
    if (j < others.length && own[i] === others[j]) {
      add(own[i], false);
      i++;
      j++;
    } else if (j < others.length && lengths[i * width + j + 1] > lengths[(i + 1) * width + j]) j++;
    else add(own[i++], true);
  }
  return parts;
}
