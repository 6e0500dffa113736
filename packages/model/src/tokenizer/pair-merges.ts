/** What byte-pair encoding of the library knows: the ids of its tokens, and its merges in the order of their rank. */
export interface MergeTable {
  readonly tokens_to_ids: ReadonlyMap<string, number>;
  readonly vocab: readonly string[];
  readonly merges: readonly (readonly [string, string])[];
}

/** Pairs of ids as one exact number: ids stay below 2²⁶. */
const PAIR = 2 ** 26;
/** Symbols of a word for which looking through all pairs again after each merge is faster than a queue of them. */
const MOST_SYMBOLS = 128;
const CACHED_WORDS = 20_000;

/**
 * Byte-pair encoding of short words on ids rather than texts: merges the pair of the least rank, the leftmost of several, until none is left
 * (Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units", 2016). Gives what the library gives, in a fraction
 * of its time, which goes into texts as keys of pairs.
 */
export class PairMerges {
  readonly #ids: ReadonlyMap<string, number>;
  readonly #vocabulary: readonly string[];
  /** Rank of each pair of ids that merges. */
  readonly #ranks = new Map<number, number>();
  /** Id that the merge of a rank makes. */
  readonly #merged: Int32Array;
  readonly #cache = new Map<string, string[]>();
  readonly #word = new Int32Array(MOST_SYMBOLS);
  /** Rank of the pair that begins at a symbol; −1 for none. */
  readonly #pairs = new Int32Array(MOST_SYMBOLS);

  private constructor({ tokens_to_ids: ids, vocab, merges }: MergeTable, merged: Int32Array) {
    this.#ids = ids;
    this.#vocabulary = vocab;
    this.#merged = merged;
    for (const [rank, [left, right]] of merges.entries()) {
      // Of a pair that is listed twice the last counts, as in the library.
      this.#ranks.set(ids.get(left)! * PAIR + ids.get(right)!, rank);
    }
  }

  /** The encoder of a table; null for one whose merges are of, or make, tokens that it has no ids for. */
  static of(table: MergeTable): PairMerges | null {
    const { tokens_to_ids: ids, vocab, merges } = table;
    const isKnown = (token: string): boolean => {
      const id = ids.get(token);
      return id !== undefined && id < PAIR && vocab[id] === token;
    };
    const merged = new Int32Array(merges.length);
    for (const [rank, [left, right]] of merges.entries()) {
      if (!isKnown(left) || !isKnown(right) || !isKnown(left + right)) return null;
      merged[rank] = ids.get(left + right)!;
    }
    return new PairMerges(table, merged);
  }

  /** Tokens of a word; null for one that is long or has a symbol without an id, which is the library's to encode. */
  tokens(word: string): string[] | null {
    const cached = this.#cache.get(word);
    if (cached !== undefined) return cached;
    const symbols = Array.from(word);
    if (symbols.length > MOST_SYMBOLS) return null;
    for (const [at, symbol] of symbols.entries()) {
      const id = this.#ids.get(symbol);
      if (id === undefined) return null;
      this.#word[at] = id;
    }
    const length = this.#merge(symbols.length);
    const tokens = Array.from(this.#word.subarray(0, length), (id) => this.#vocabulary[id]);
    if (this.#cache.size >= CACHED_WORDS) this.#cache.clear();
    this.#cache.set(word, tokens);
    return tokens;
  }

  /** Merges the first symbols of the word in place, and returns how many are left. */
  #merge(symbols: number): number {
    const word = this.#word;
    const pairs = this.#pairs;
    const rankAt = (at: number): number => this.#ranks.get(word[at] * PAIR + word[at + 1]) ?? -1;
    let length = symbols;
    for (let at = 0; at + 1 < length; at++) pairs[at] = rankAt(at);
    for (;;) {
      let best = -1;
      for (let at = 0; at + 1 < length; at++) {
        if (pairs[at] !== -1 && (best === -1 || pairs[at] < pairs[best])) best = at;
      }
      if (best === -1) return length;
      word[best] = this.#merged[pairs[best]];
      word.copyWithin(best + 1, best + 2, length);
      pairs.copyWithin(best + 1, best + 2, length - 1);
      length -= 1;
      if (best > 0) pairs[best - 1] = rankAt(best - 1);
      if (best + 1 < length) pairs[best] = rankAt(best);
    }
  }
}
