import { threefry2x32 } from "@lathe/kernels";
import { describe, expect, it } from "vitest";
import { type MergeTable, PairMerges } from "./pair-merges.js";

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
function bookMerges(word: string, merges: readonly (readonly [string, string])[]): string[] {
  const tokens = Array.from(word);
  const rankOf = (at: number): number =>
    merges.findLastIndex(([left, right]) => left === tokens[at] && right === tokens[at + 1]);
  for (;;) {
    const ranked = tokens
      .slice(1)
      .map((_, at) => ({ at, rank: rankOf(at) }))
      .filter(({ rank }) => rank !== -1)
      .sort((one, other) => one.rank - other.rank || one.at - other.at);
    if (ranked.length === 0) return tokens;
    const [{ at }] = ranked;
    tokens.splice(at, 2, tokens[at] + tokens[at + 1]);
  }
}

describe("PairMerges", () => {
  it("gives what merging texts gives", () => {
    for (let seed = 1; seed <= 40; seed++) {
      const { table, draw } = randomTable(seed, 30);
      const pairs = PairMerges.of(table)!;
      for (let count = 0; count < 40; count++) {
        const word = Array.from({ length: draw(25) }, () => LETTERS[draw(LETTERS.length)]).join("");
        const expected = bookMerges(word, table.merges);
        expect(pairs.tokens(word), `seed ${seed}, word ${word}`).toEqual(expected);
        expect(pairs.tokens(word), `seed ${seed}, word ${word}, again`).toEqual(expected);
      }
    }
  });

  it("leaves long words, and symbols without an id, to the library", () => {
    const pairs = PairMerges.of(randomTable(1, 10).table)!;
    expect(pairs.tokens("a".repeat(128))).not.toBeNull();
    expect(pairs.tokens("a".repeat(129))).toBeNull();
    expect(pairs.tokens("abz")).toBeNull();
    expect(pairs.tokens("")).toEqual([]);
  });

  it("is none of a table whose merges make tokens that it has not", () => {
    const { table } = randomTable(2, 5);
    expect(PairMerges.of({ ...table, merges: [...table.merges, ["a", "zz"]] })).toBeNull();
    const ids = new Map(table.tokens_to_ids).set("a", 2 ** 26);
    expect(PairMerges.of({ ...table, tokens_to_ids: ids })).toBeNull();
  });
});
