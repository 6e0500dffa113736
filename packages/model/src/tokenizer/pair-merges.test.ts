import { threefry2x32 } from "@lathe/kernels";
import { describe, expect, it } from "vitest";
import { type MergeTable, PairMerges } from "./pair-merges.js";
import { SymbolMerges } from "./symbol-merges.js";

const LETTERS = ["a", "b", "c", "😀", "é"];

/** A random table of merges, each of tokens that there are already. */
function randomTable(seed: number, count: number): { table: MergeTable; draw: (limit: number) => number } {
  let drawn = 0;
  const draw = (limit: number): number => threefry2x32([seed, 0], [drawn++, 0])[0] % limit;
  const vocab = [...LETTERS];
  const merges: [string, string][] = [];
  while (merges.length < count) {
    const pair: [string, string] = [vocab[draw(vocab.length)], vocab[draw(vocab.length)]];
    if (!vocab.includes(pair.join(""))) vocab.push(pair.join(""));
    merges.push(pair);
  }
  return { table: { vocab, merges, tokens_to_ids: new Map(vocab.map((token, id) => [token, id])) }, draw };
}

/** The algorithm as it is written in books: on texts, all pairs looked at before each merge. */
function bookMerges(word: readonly string[], merges: readonly (readonly [string, string])[]): string[] {
  const ranks = new Map(merges.map((pair, rank) => [pair.join("\0"), rank]));
  const tokens = [...word];
  for (;;) {
    const ranked = tokens
      .slice(1)
      .map((token, at) => ({ at, rank: ranks.get(`${tokens[at]}\0${token}`) ?? -1 }))
      .filter(({ rank }) => rank !== -1)
      .sort((one, other) => one.rank - other.rank || one.at - other.at);
    if (ranked.length === 0) return tokens;
    const [{ at }] = ranked;
    tokens.splice(at, 2, tokens[at] + tokens[at + 1]);
  }
}

describe("PairMerges", () => {
  it("gives what merging texts gives, of few symbols and of many", () => {
    for (let seed = 1; seed <= 40; seed++) {
      const { table, draw } = randomTable(seed, 30);
      const pairs = PairMerges.of(table)!;
      for (let count = 0; count < 20; count++) {
        const length = draw(count % 2 === 0 ? 25 : 200);
        const word = Array.from({ length }, () => LETTERS[draw(LETTERS.length)]);
        const ids = Int32Array.from(word, (symbol) => table.tokens_to_ids.get(symbol)!);
        const left = pairs.merge(ids, ids.length);
        const tokens = Array.from(ids.subarray(0, left), (id) => table.vocab[id]);
        expect(tokens, `seed ${seed}, word ${word.join("")}`).toEqual(bookMerges(word, table.merges));
      }
    }
  });

  it("merges a hundred thousand symbols of one kind, which are all of one rank", () => {
    const vocab = ["a", "aa", "aaaa"];
    const ids = new Map(vocab.map((token, id) => [token, id]));
    const merges: [string, string][] = [
      ["a", "a"],
      ["aa", "aa"],
    ];
    const word = new Int32Array(100_003);
    const left = PairMerges.of({ vocab, merges, tokens_to_ids: ids })!.merge(word, word.length);
    expect([left, ...word.subarray(left - 3, left)]).toEqual([25_002, 2, 1, 0]);
  });

  it("is none of a table whose merges make tokens that it has not", () => {
    const { table } = randomTable(2, 5);
    expect(PairMerges.of({ ...table, merges: [...table.merges, ["a", "zz"]] })).toBeNull();
    const ids = new Map(table.tokens_to_ids).set("a", 2 ** 26);
    expect(PairMerges.of({ ...table, tokens_to_ids: ids })).toBeNull();
  });
});

describe("SymbolMerges", () => {
  it("gives the tokens of a word, also the second time", () => {
    const { table, draw } = randomTable(7, 30);
    const symbols = SymbolMerges.of(table)!;
    for (let count = 0; count < 40; count++) {
      const word = Array.from({ length: draw(150) }, () => LETTERS[draw(LETTERS.length)]);
      const expected = bookMerges(word, table.merges);
      expect(symbols.tokens(word.join(""))).toEqual(expected);
      expect(symbols.tokens(word.join(""))).toEqual(expected);
    }
  });

  it("leaves symbols without an id to the library, and has none of a table that PairMerges does not take", () => {
    const { table } = randomTable(1, 10);
    expect(SymbolMerges.of(table)!.tokens("abz")).toBeNull();
    expect(SymbolMerges.of(table)!.tokens("")).toEqual([]);
    expect(SymbolMerges.of({ ...table, merges: [["a", "zz"]] })).toBeNull();
  });
});
