/** What byte-pair encoding of the library knows: the ids of its tokens, and its merges in the order of their rank. */
export interface MergeTable {
  readonly tokens_to_ids: ReadonlyMap<string, number>;
  readonly vocab: readonly string[];
  readonly merges: readonly (readonly [string, string])[];
}

/** Ids that a table holds lie below. */
const MOST_IDS = 2 ** 26;
/** Symbols of a word for which looking through all pairs again after each merge is faster than a queue of them. */
const FEW_SYMBOLS = 40;
/** A place in the queue is one exact number of rank and position; positions lie below. */
const POSITIONS = 2 ** 27;
/** Fields of an entry of the table: left id, right id, rank, merged id. */
const FIELDS = 4;
const NONE = -1;

/**
 * Byte-pair encoding on ids rather than texts: merges the pair of the least rank, the leftmost of several, until none is left
 * (Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units", 2016). Pairs lie in an open-addressing table.
 */
export class PairMerges {
  /** [slots × 4] left id or −1, right id, rank, merged id */
  readonly #table: Int32Array;
  readonly #mask: number;
  /** Of a symbol the entry of its pair with the next one, −1 for none. */
  #pairs = new Int32Array(FEW_SYMBOLS);
  #next = new Int32Array(FEW_SYMBOLS);
  #previous = new Int32Array(FEW_SYMBOLS);
  readonly #queue = new NumberQueue();

  private constructor({ tokens_to_ids: ids, merges }: MergeTable) {
    let slots = 16;
    while (slots < 2 * merges.length) slots *= 2;
    this.#mask = slots - 1;
    this.#table = new Int32Array(slots * FIELDS).fill(NONE);
    for (const [rank, [left, right]] of merges.entries()) {
      // Of a pair that is listed twice the last counts, as in the library.
      this.#set(ids.get(left)!, ids.get(right)!, rank, ids.get(left + right)!);
    }
  }

  /** The merges of a table; null for one whose merges are of, or make, tokens that it has no ids for. */
  static of(table: MergeTable): PairMerges | null {
    const { tokens_to_ids: ids, vocab, merges } = table;
    const isKnown = (token: string): boolean => {
      const id = ids.get(token);
      return id !== undefined && id < MOST_IDS && vocab[id] === token;
    };
    for (const [left, right] of merges) {
      if (!isKnown(left) || !isKnown(right) || !isKnown(left + right)) return null;
    }
    return new PairMerges(table);
  }

  /**
   * Merges the first symbols of a word in place.
   * @param word [≥ symbols] ids
   * @returns how many ids are left
   */
  merge(word: Int32Array, symbols: number): number {
    if (symbols < 2) return symbols;
    return symbols <= FEW_SYMBOLS ? this.#mergeFew(word, symbols) : this.#mergeMany(word, symbols);
  }

  #slot(left: number, right: number): number {
    const hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca77);
    return (hash ^ (hash >>> 15)) & this.#mask;
  }

  #set(left: number, right: number, rank: number, merged: number): void {
    const table = this.#table;
    let slot = this.#slot(left, right);
    for (;;) {
      const at = slot * FIELDS;
      if (table[at] === NONE || (table[at] === left && table[at + 1] === right)) {
        table[at] = left;
        table[at + 1] = right;
        table[at + 2] = rank;
        table[at + 3] = merged;
        return;
      }
      slot = (slot + 1) & this.#mask;
    }
  }

  /** Where the entry of a pair lies in the table; −1 for a pair that does not merge. */
  #find(left: number, right: number): number {
    const table = this.#table;
    let slot = this.#slot(left, right);
    for (;;) {
      const at = slot * FIELDS;
      const found = table[at];
      if (found === NONE) return NONE;
      if (found === left && table[at + 1] === right) return at;
      slot = (slot + 1) & this.#mask;
    }
  }

  #mergeFew(word: Int32Array, symbols: number): number {
    const table = this.#table;
    const pairs = this.#pairs;
    let length = symbols;
    for (let at = 0; at + 1 < length; at++) pairs[at] = this.#find(word[at], word[at + 1]);
    for (;;) {
      let best = NONE;
      let least = POSITIONS;
      for (let at = 0; at + 1 < length; at++) {
        const entry = pairs[at];
        if (entry === NONE) continue;
        const rank = table[entry + 2];
        if (rank < least) {
          least = rank;
          best = at;
        }
      }
      if (best === NONE) return length;
      word[best] = table[pairs[best] + 3];
      length -= 1;
      for (let at = best + 1; at < length; at++) {
        word[at] = word[at + 1];
        pairs[at] = pairs[at + 1];
      }
      if (best > 0) pairs[best - 1] = this.#find(word[best - 1], word[best]);
      if (best + 1 < length) pairs[best] = this.#find(word[best], word[best + 1]);
    }
  }

  /** The same with a queue of pairs over a chain of symbols, in time that grows little faster than the word. */
  #mergeMany(word: Int32Array, symbols: number): number {
    if (this.#next.length < symbols) {
      const room = 2 * symbols;
      this.#pairs = new Int32Array(room);
      this.#next = new Int32Array(room);
      this.#previous = new Int32Array(room);
    }
    const table = this.#table;
    const pairs = this.#pairs;
    const next = this.#next;
    const previous = this.#previous;
    const queue = this.#queue;
    const look = (at: number): void => {
      const after = next[at];
      const entry = after === symbols ? NONE : this.#find(word[at], word[after]);
      pairs[at] = entry;
      if (entry !== NONE) queue.push(table[entry + 2] * POSITIONS + at);
    };
    for (let at = 0; at < symbols; at++) {
      next[at] = at + 1;
      previous[at] = at - 1;
    }
    for (let at = 0; at < symbols; at++) look(at);
    for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
      const rank = Math.floor(key / POSITIONS);
      const at = key - rank * POSITIONS;
      const entry = pairs[at];
      // Entries of pairs that are no longer there stay in the queue until their turn.
      if (entry === NONE || table[entry + 2] !== rank) continue;
      word[at] = table[entry + 3];
      const gone = next[at];
      const after = next[gone];
      next[at] = after;
      pairs[gone] = NONE;
      if (after < symbols) previous[after] = at;
      look(at);
      if (previous[at] >= 0) look(previous[at]);
    }
    let length = 0;
    for (let at = 0; at < symbols; at = next[at]) word[length++] = word[at];
    return length;
  }
}

/** A heap of numbers, the least first. */
class NumberQueue {
  readonly #heap: number[] = [];

  push(key: number): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(key);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (heap[above] <= key) break;
      heap[at] = heap[above];
      at = above;
    }
    heap[at] = key;
  }

  pop(): number | undefined {
    const heap = this.#heap;
    const least = heap[0] as number | undefined;
    const last = heap.pop();
    if (heap.length === 0 || last === undefined) return least;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && heap[below + 1] < heap[below]) below += 1;
      if (heap[below] >= last) break;
      heap[at] = heap[below];
      at = below;
    }
    heap[at] = last;
    return least;
  }
}
