import { isWhiteSpaceCode } from "@lathe/files";

/**
 * Symbols of a text as numbers that fit into 32 bits. A list and no typed array: V8 keeps long typed arrays outside of its heap,
 * where one for each text costs more time and memory than the list.
 */
export type Sequence = readonly number[];

/** Tokens as numbers: equal tokens are equal numbers, whatever they contain. @returns a sequence of numbers for each list */
export function encodeTokens(lists: readonly (readonly string[])[]): Sequence[] {
  const ids = new Map<string, number>();
  return lists.map((tokens) => {
    const sequence: number[] = [];
    for (const token of tokens) {
      let id = ids.get(token);
      if (id === undefined) ids.set(token, (id = ids.size));
      sequence.push(id);
    }
    return sequence;
  });
}

/** How the characters of a text become numbers. */
export interface EncodeCharactersOptions {
  /** Leave white space out. @defaultValue false */
  readonly withoutWhiteSpace?: boolean;
}

/** Code points of a text: a character outside the basic plane is one number, not two. */
export function encodeCharacters(
  text: string,
  { withoutWhiteSpace = false }: EncodeCharactersOptions = {},
): Sequence {
  const sequence: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const point = text.codePointAt(at)!;
    if (point > 0xffff) at += 1;
    else if (withoutWhiteSpace && isWhiteSpaceCode(point)) continue;
    sequence.push(point);
  }
  return sequence;
}

/** The number of n-grams of one order in a sequence. */
export function ngramTotal({ length }: Sequence, order: number): number {
  return Math.max(0, length - order + 1);
}

/** Counts the n-grams that sequences share; its tables grow to the longest sequence and serve all that come after. */
export class NgramMatcher {
  readonly #grams = new GramTable();
  #own = new Int32Array(0);
  #other = new Int32Array(0);
  /** [gram]: how often the sequence has it, the one of the others that is looked at, and that of them that has it most. */
  #counts = new Int32Array(0);
  #inOther = new Int32Array(0);
  #most = new Int32Array(0);

  /**
   * Clipped matches of each order up to the highest: the sum over the different n-grams of a sequence of the smaller of how often it has them and how
   * often that one of the others has them that has them most.
   *
   * An n-gram goes by a number, which is found by that of the n-gram one shorter and the symbol behind it; one that the others lack is not followed further.
   *
   * @returns [orders] matches
   */
  matches(own: Sequence, others: readonly Sequence[], orders: number): Int32Array {
    const matches = new Int32Array(orders);
    const longest = others.reduce((most, { length }) => Math.max(most, length), 0);
    const inOthers = others.reduce((sum, { length }) => sum + length, 0);
    this.#reserve(own.length, inOthers);
    // Of each place of the sequence, and of the others, the number of the n-gram that begins there; −1 where it is of no account.
    const [grams, ownGrams, otherGrams] = [this.#grams, this.#own, this.#other];
    const [counts, inOther, most] = [this.#counts, this.#inOther, this.#most];
    ownGrams.fill(0, 0, own.length);
    otherGrams.fill(0, 0, inOthers);
    for (let order = 1; order <= orders && order <= own.length && order <= longest; order++) {
      grams.clear();
      for (let at = 0; at + order <= own.length; at++) {
        if (ownGrams[at] === -1) continue;
        const known = grams.size;
        const gram = grams.add(ownGrams[at], own[at + order - 1]);
        if (gram === known) counts[gram] = most[gram] = 0;
        ownGrams[at] = gram;
        counts[gram]++;
      }
      let sum = 0;
      let start = 0;
      for (const other of others) {
        inOther.fill(0, 0, grams.size);
        for (let at = 0; at + order <= other.length; at++) {
          const place = start + at;
          if (otherGrams[place] === -1) continue;
          const gram = grams.find(otherGrams[place], other[at + order - 1]);
          otherGrams[place] = gram;
          if (gram === -1 || ++inOther[gram] <= most[gram]) continue;
          // One more than any other had: it counts while the sequence has as many.
          most[gram]++;
          if (most[gram] <= counts[gram]) sum++;
        }
        start += other.length;
      }
      matches[order - 1] = sum;
      if (sum === 0) break;
      for (let at = 0; at + order <= own.length; at++) {
        if (ownGrams[at] !== -1 && most[ownGrams[at]] === 0) ownGrams[at] = -1;
      }
    }
    return matches;
  }

  #reserve(own: number, others: number): void {
    this.#grams.reserve(own);
    if (this.#own.length < own) {
      this.#own = new Int32Array(2 * own);
      this.#counts = new Int32Array(2 * own);
      this.#inOther = new Int32Array(2 * own);
      this.#most = new Int32Array(2 * own);
    }
    if (this.#other.length < others) this.#other = new Int32Array(2 * others);
  }
}

/** Numbers of pairs, from 0 in the order in which they came. */
class GramTable {
  size = 0;
  /** Number of the pair plus the base; below the base a slot is empty, so that a new base empties them all. */
  #slots = new Int32Array(0);
  #base = 1;
  #prefixes = new Int32Array(0);
  #symbols = new Int32Array(0);

  /** Makes room for so many pairs, and empties the table. */
  reserve(room: number): void {
    if (this.#prefixes.length >= room && this.#base < 2 ** 30) return this.clear();
    let slots = 8;
    while (slots < 4 * room) slots *= 2;
    this.#slots = new Int32Array(slots);
    this.#base = 1;
    this.size = 0;
    this.#prefixes = new Int32Array(2 * room);
    this.#symbols = new Int32Array(2 * room);
  }

  clear(): void {
    this.#base += this.size;
    this.size = 0;
  }

  /** Number of a pair; −1 for one that is not there. */
  find(prefix: number, symbol: number): number {
    return Math.max(-1, this.#slots[this.#slotOf(prefix, symbol)] - this.#base);
  }

  /** Number of a pair, which is put there. */
  add(prefix: number, symbol: number): number {
    const slot = this.#slotOf(prefix, symbol);
    const pair = this.#slots[slot] - this.#base;
    if (pair >= 0) return pair;
    this.#prefixes[this.size] = prefix;
    this.#symbols[this.size] = symbol;
    this.#slots[slot] = this.#base + this.size;
    return this.size++;
  }

  #slotOf(prefix: number, symbol: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    const hash = Math.imul(prefix, 0x9e3779b1) ^ Math.imul(symbol, 0x85ebca77);
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const pair = slots[slot] - this.#base;
      if (pair < 0 || (this.#prefixes[pair] === prefix && this.#symbols[pair] === symbol)) return slot;
    }
  }
}
