/** Characters (Unicode code points) of a shingle. */
export const SHINGLE_CHARACTERS = 5;

const FIRST_CAPACITY = 1024;
const LOW_WORD = 2 ** 32;

/**
 * Hashes of the shingles of a text, its overlapping runs of five code points, in two lanes of 32 bits each. A shorter text is
 * one shingle. The object is used again for text after text, so that a row allocates nothing.
 *
 * A. Z. Broder, "On the resemblance and containment of documents", 1997.
 */
export class Shingles {
  /** Upper and lower words of the hashes; only the first {@link size} count. A shingle that repeats is there again. */
  high = new Int32Array(FIRST_CAPACITY);
  low = new Int32Array(FIRST_CAPACITY);
  size = 0;
  #points = new Int32Array(FIRST_CAPACITY);

  /**
   * Takes the shingles of a text in place of those before.
   * @param kind a whole number of 32 bits that the hashes begin with
   */
  read(text: string, kind = 0): void {
    if (text.length > this.#points.length) {
      const capacity = 2 ** Math.ceil(Math.log2(text.length));
      this.#points = new Int32Array(capacity);
      this.high = new Int32Array(capacity);
      this.low = new Int32Array(capacity);
    }
    const points = this.#points;
    let length = 0;
    for (let index = 0; index < text.length; index++) {
      const point = text.codePointAt(index) ?? 0;
      if (point > 0xffff) index += 1;
      points[length++] = point;
    }
    const width = Math.min(SHINGLE_CHARACTERS, length);
    this.size = length === 0 ? 0 : length - width + 1;
    for (let start = 0; start < this.size; start++) {
      let high = 0x3c6ef372 ^ kind;
      let low = 0x1b873593 ^ kind;
      for (let index = start; index < start + width; index++) {
        high = Math.imul(high ^ points[index], 0x5bd1e995);
        high ^= high >>> 15;
        low = Math.imul(low ^ points[index], 0x2c1b3c6d);
        low ^= low >>> 13;
      }
      this.high[start] = scramble(high ^ width);
      this.low[start] = scramble(low + Math.imul(high, 0x9e3779b1));
    }
  }

  /** The distinct hashes in ascending order, 53 bits of each: two different shingles share them once in 10^16. */
  sorted(): Float64Array {
    const hashes = new Float64Array(this.size);
    for (let index = 0; index < this.size; index++) {
      hashes[index] = (this.high[index] >>> 11) * LOW_WORD + (this.low[index] >>> 0);
    }
    hashes.sort();
    let distinct = 0;
    for (let index = 0; index < hashes.length; index++) {
      if (index === 0 || hashes[index] !== hashes[index - 1]) hashes[distinct++] = hashes[index];
    }
    return hashes.subarray(0, distinct);
  }
}

/** The last step of MurmurHash3: every bit of the result depends on every bit of the word. */
export function scramble(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/**
 * Jaccard similarity of two sets, shared members over all members; 1 for two empty ones.
 *
 * @param left distinct numbers in ascending order, as {@link Shingles.sorted} gives them
 * @param right as `left`
 */
export function jaccard(left: Float64Array, right: Float64Array): number {
  let shared = 0;
  for (let at = 0, other = 0; at < left.length && other < right.length;) {
    const difference = left[at] - right[other];
    if (difference === 0) shared += 1;
    if (difference <= 0) at += 1;
    if (difference >= 0) other += 1;
  }
  const all = left.length + right.length - shared;
  return all === 0 ? 1 : shared / all;
}
