/**
 * N-grams as slices of a string.
 *
 * Tokens or characters are written as symbols of a fixed width (one UTF-16 unit where that is enough, else two),
 * so that an n-gram is a slice of the encoded text and serves as a map key as it stands: two n-grams have the same
 * key exactly when their tokens are the same, whatever the tokens contain.
 */
export interface EncodedSequences {
  /** The sequences in the order they came; symbol t of one lies at `[t · width, (t + 1) · width)`. */
  readonly sequences: readonly string[];
  /** UTF-16 units a symbol takes. */
  readonly width: 1 | 2;
}

/** Encodes lists of tokens that are to be compared with each other. */
export function encodeTokens(lists: readonly (readonly string[])[]): EncodedSequences {
  const ids = new Map<string, number>();
  const encoded = lists.map((tokens) =>
    tokens.map((token) => {
      let id = ids.get(token);
      if (id === undefined) ids.set(token, (id = ids.size));
      return id;
    }),
  );
  return encodeNumbers(encoded, ids.size > 0x10000 ? 2 : 1);
}

/** Encodes texts by code point, so that a character outside the basic plane is one symbol, not two. */
export function encodeCharacters(texts: readonly string[]): EncodedSequences {
  if (!texts.some((text) => /[\ud800-\udfff]/.test(text))) return { sequences: texts, width: 1 };
  return encodeNumbers(
    texts.map((text) => Array.from(text, (character) => character.codePointAt(0)!)),
    2,
  );
}

function encodeNumbers(lists: readonly (readonly number[])[], width: 1 | 2): EncodedSequences {
  const sequences = lists.map((numbers) => {
    let units = "";
    for (const number of numbers) {
      if (width === 2) units += String.fromCharCode(number >>> 16);
      units += String.fromCharCode(number & 0xffff);
    }
    return units;
  });
  return { sequences, width };
}

/** How often each n-gram of one order occurs in an encoded sequence. */
export function countNgrams(sequence: string, width: 1 | 2, order: number): Map<string, number> {
  const counts = new Map<string, number>();
  const span = order * width;
  for (let start = 0; start + span <= sequence.length; start += width) {
    const ngram = sequence.slice(start, start + span);
    counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
  }
  return counts;
}

/** The number of n-grams of one order in an encoded sequence. */
export function ngramTotal(sequence: string, width: 1 | 2, order: number): number {
  return Math.max(0, sequence.length / width - order + 1);
}

/**
 * Clipped matches: the sum over the n-grams of `counts` of min(count, the largest count in any of `others`).
 */
export function clippedMatches(
  counts: ReadonlyMap<string, number>,
  others: readonly ReadonlyMap<string, number>[],
): number {
  let matches = 0;
  for (const [ngram, count] of counts) {
    let most = 0;
    for (const other of others) most = Math.max(most, other.get(ngram) ?? 0);
    matches += Math.min(count, most);
  }
  return matches;
}
