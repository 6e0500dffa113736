import { type MergeTable, PairMerges } from "./pair-merges.js";

/** Longer words hardly recur. */
const LONGEST_CACHED = 128;
const CACHED_WORDS = 20_000;

/** Byte-pair encoding of words whose symbols are the characters of the vocabulary, on {@link PairMerges}. */
export class SymbolMerges {
  readonly #ids: ReadonlyMap<string, number>;
  readonly #vocabulary: readonly string[];
  readonly #merges: PairMerges;
  readonly #cache = new Map<string, string[]>();

  private constructor({ tokens_to_ids: ids, vocab }: MergeTable, merges: PairMerges) {
    this.#ids = ids;
    this.#vocabulary = vocab;
    this.#merges = merges;
  }

  /** The encoder of a table; null for one that {@link PairMerges} does not take. */
  static of(table: MergeTable): SymbolMerges | null {
    const merges = PairMerges.of(table);
    return merges === null ? null : new SymbolMerges(table, merges);
  }

  /** Tokens of a word; null for one that has a symbol without an id, which is the library's to encode. */
  tokens(word: string): string[] | null {
    const cached = this.#cache.get(word);
    if (cached !== undefined) return cached;
    const symbols = Array.from(word, (symbol) => this.#ids.get(symbol) ?? -1);
    if (symbols.includes(-1)) return null;
    const ids = Int32Array.from(symbols);
    const count = this.#merges.merge(ids, ids.length);
    const tokens = Array.from(ids.subarray(0, count), (id) => this.#vocabulary[id]);
    if (word.length > LONGEST_CACHED) return tokens;
    if (this.#cache.size >= CACHED_WORDS) this.#cache.clear();
    this.#cache.set(word, tokens);
    return tokens;
  }
}
