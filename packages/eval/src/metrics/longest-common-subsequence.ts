/**
 * Longest common subsequence of two sequences of n and m symbols, 32 cells of the table at a time: Hyyrö, Bit-parallel LCS-length
 * computation revisited (AWOCA 2004). Equal symbols are equal numbers from 0, as `encodeTokens` gives them, below the sum of the
 * lengths. Time is O(n · m / 32); memory O(n + m) for the length, n · m bits to know which symbols take part.
 */
import type { Sequence } from "./ngram-matches.js";

/** Where the symbols of a sequence stand, by words of 32 places. */
interface Occurrences {
  /** [symbol]: its first entry, −1 where it has none. */
  readonly first: readonly number[];
  /** [entry]: the next of the same symbol, −1 behind the last; their words ascend. */
  readonly next: readonly number[];
  /** [entry]: number of the word, and the places in it. */
  readonly words: readonly number[];
  readonly masks: readonly number[];
}

function occurrencesOf(sequence: Sequence): Occurrences {
  const symbols = sequence.reduce((most, symbol) => Math.max(most, symbol), -1) + 1;
  const first = new Array<number>(symbols).fill(-1);
  const next: number[] = [];
  const words: number[] = [];
  const masks: number[] = [];
  for (let place = sequence.length - 1; place >= 0; place--) {
    const symbol = sequence[place];
    const word = place >> 5;
    let entry = first[symbol];
    if (entry === -1 || words[entry] !== word) {
      next.push(entry);
      words.push(word);
      first[symbol] = entry = masks.push(0) - 1;
    }
    masks[entry] |= 1 << (place & 31);
  }
  return { first, next, words, masks };
}

/**
 * Looks at one more symbol of the other sequence.
 *
 * @param column a bit for each place of the sequence: 0 where the length grows there, with the symbols looked at so far
 */
function addSymbol(column: Int32Array, { first, next, words, masks }: Occurrences, symbol: number): void {
  if (symbol >= first.length) return;
  let carry = 0;
  let word = 0;
  for (let entry = first[symbol]; entry !== -1; entry = next[entry]) {
    // Words without the symbol only hand the carry on.
    for (; carry === 1 && word < words[entry]; word++) carry = addCarry(column, word);
    word = words[entry];
    const mask = masks[entry];
    const bits = column[word];
    const sum = (bits >>> 0) + ((bits & mask) >>> 0) + carry;
    carry = sum > 0xffffffff ? 1 : 0;
    column[word] = sum | (bits & ~mask);
    word++;
  }
  for (; carry === 1 && word < column.length; word++) carry = addCarry(column, word);
}

/** Adds 1 to a word, none of whose bits are lost. @returns what it hands on */
function addCarry(column: Int32Array, word: number): number {
  const bits = column[word];
  column[word] = bits | (bits + 1);
  return bits === -1 ? 1 : 0;
}

/** The number of symbols in a longest common subsequence. */
export function longestCommonSubsequenceLength(a: Sequence, b: Sequence): number {
  const occurrences = occurrencesOf(a);
  const column = new Int32Array((a.length + 31) >> 5).fill(-1);
  for (const symbol of b) addSymbol(column, occurrences, symbol);
  let length = 0;
  // Bits behind the last place stay 1.
  for (const bits of column) for (let left = ~bits; left !== 0; left &= left - 1) length++;
  return length;
}

/**
 * Positions in `a` of the symbols of one longest common subsequence, ascending. Of several subsequences it is the one
 * that ROUGE-Lsum's reference implementations find: going back from the ends, equal symbols are taken, and a symbol of
 * `b` is skipped only where that is strictly better than skipping one of `a`.
 */
export function longestCommonSubsequencePositions(a: Sequence, b: Sequence): number[] {
  const occurrences = occurrencesOf(a);
  const width = (a.length + 31) >> 5;
  // [place of b, word of places of a]
  const columns = new Int32Array(b.length * width);
  const column = new Int32Array(width).fill(-1);
  for (const [place, symbol] of b.entries()) {
    addSymbol(column, occurrences, symbol);
    columns.set(column, place * width);
  }
  const positions: number[] = [];
  let i = a.length - 1;
  let j = b.length - 1;
  while (i >= 0 && j >= 0) {
    if (a[i] === b[j]) {
      positions.push(i);
      i--;
      j--;
    } else if (((columns[j * width + (i >> 5)] >>> (i & 31)) & 1) === 0) {
      // The length grows at this place of a, so that without it there is less than without the symbol of b.
      j--;
    } else {
      i--;
    }
  }
  return positions.reverse();
}
