/** Tokens as numbers: equal tokens are equal numbers, whatever they contain. @returns a sequence of numbers for each list */
export function encodeTokens(lists: readonly (readonly string[])[]): Int32Array[] {
  const ids = new Map<string, number>();
  return lists.map((tokens) => {
    const sequence = new Int32Array(tokens.length);
    for (const [at, token] of tokens.entries()) {
      let id = ids.get(token);
      if (id === undefined) ids.set(token, (id = ids.size));
      sequence[at] = id;
    }
    return sequence;
  });
}

/** Code points of a text: a character outside the basic plane is one number, not two. */
export function encodeCharacters(text: string): Int32Array {
  const sequence = new Int32Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    const point = text.codePointAt(at)!;
    sequence[length++] = point;
    if (point > 0xffff) at += 1;
  }
  return sequence.subarray(0, length);
}

/** The number of n-grams of one order in a sequence. */
export function ngramTotal({ length }: Int32Array, order: number): number {
  return Math.max(0, length - order + 1);
}

/**
 * Clipped matches of each order up to the highest: the sum over the different n-grams of a sequence of the smaller of how often it has them and how
 * often that one of the others has them that has them most.
 *
 * An n-gram goes by a number, which is found by that of the n-gram one shorter and the symbol behind it; one that the others lack is not followed further.
 *
 * @returns [orders] matches
 */
export function ngramMatches(own: Int32Array, others: readonly Int32Array[], orders: number): Int32Array {
  const matches = new Int32Array(orders);
  const table = new GramTable(own.length);
  const longest = Math.max(0, ...others.map(({ length }) => length));
  // Of each place of the sequence, and of the others, the number of the n-gram that begins there; −1 where it is of no account.
  const ownGrams = new Int32Array(own.length);
  const otherGrams = others.map(({ length }) => new Int32Array(length));
  const counts = new Int32Array(own.length);
  const inOther = new Int32Array(own.length);
  const most = new Int32Array(own.length);
  for (let order = 1; order <= orders && order <= own.length && order <= longest; order++) {
    table.clear();
    counts.fill(0);
    most.fill(0);
    for (let at = 0; at + order <= own.length; at++) {
      if (ownGrams[at] === -1) continue;
      const gram = table.add(ownGrams[at], own[at + order - 1]);
      ownGrams[at] = gram;
      counts[gram] += 1;
    }
    for (const [index, other] of others.entries()) {
      const grams = otherGrams[index];
      inOther.fill(0, 0, table.size);
      for (let at = 0; at + order <= other.length; at++) {
        if (grams[at] === -1) continue;
        const gram = table.find(grams[at], other[at + order - 1]);
        grams[at] = gram;
        if (gram === -1) continue;
        inOther[gram] += 1;
        if (inOther[gram] > most[gram]) most[gram] = inOther[gram];
      }
    }
    let sum = 0;
    for (let gram = 0; gram < table.size; gram++) sum += Math.min(counts[gram], most[gram]);
    matches[order - 1] = sum;
    if (sum === 0) break;
    for (let at = 0; at + order <= own.length; at++) {
      if (ownGrams[at] !== -1 && most[ownGrams[at]] === 0) ownGrams[at] = -1;
    }
  }
  return matches;
}

/** Numbers of pairs, from 0 in the order in which they came. */
class GramTable {
  size = 0;
  readonly #slots: Int32Array;
  readonly #prefixes: Int32Array;
  readonly #symbols: Int32Array;

  /** @param room most pairs */
  constructor(room: number) {
    let slots = 8;
    while (slots < 2 * room) slots *= 2;
    this.#slots = new Int32Array(slots);
    this.#prefixes = new Int32Array(room);
    this.#symbols = new Int32Array(room);
  }

  clear(): void {
    this.#slots.fill(0);
    this.size = 0;
  }

  /** Number of a pair; −1 for one that is not there. */
  find(prefix: number, symbol: number): number {
    return this.#slots[this.#slotOf(prefix, symbol)] - 1;
  }

  /** Number of a pair, which is put there. */
  add(prefix: number, symbol: number): number {
    const slot = this.#slotOf(prefix, symbol);
    if (this.#slots[slot] === 0) {
      this.#prefixes[this.size] = prefix;
      this.#symbols[this.size] = symbol;
      this.#slots[slot] = ++this.size;
    }
    return this.#slots[slot] - 1;
  }

  #slotOf(prefix: number, symbol: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    const hash = Math.imul(prefix, 0x9e3779b1) ^ Math.imul(symbol, 0x85ebca77);
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const pair = slots[slot] - 1;
      if (pair === -1 || (this.#prefixes[pair] === prefix && this.#symbols[pair] === symbol)) return slot;
    }
  }
}
