import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { expect, it } from "vitest";
import { encodeCharacters, encodeTokens, NgramMatcher, ngramTotal } from "./ngram-matches.js";

/** Clipped matches by their definition, on texts. */
function matchesByTexts(
  own: readonly string[],
  others: readonly (readonly string[])[],
  order: number,
): number {
  const count = (tokens: readonly string[]): Map<string, number> => {
    const counts = new Map<string, number>();
    for (let at = 0; at + order <= tokens.length; at++) {
      const gram = JSON.stringify(tokens.slice(at, at + order));
      counts.set(gram, (counts.get(gram) ?? 0) + 1);
    }
    return counts;
  };
  const counted = others.map(count);
  return [...count(own)].reduce(
    (sum, [gram, times]) =>
      sum + Math.min(times, Math.max(0, ...counted.map((counts) => counts.get(gram) ?? 0))),
    0,
  );
}

it("counts what the definition counts, of every order and any number of references", () => {
  // One for all, so that nothing of a text may be left in its tables.
  const matcher = new NgramMatcher();
  for (let seed = 1; seed <= 200; seed++) {
    const random = xoroshiro128plus(seed);
    const draw = (limit: number): number => uniformInt(random, 0, limit - 1);
    const words = ["a", "b", "ab", "", "😀", "a b"].slice(0, 2 + draw(5));
    const text = (): string[] => Array.from({ length: draw(30) }, () => words[draw(words.length)]);
    const own = text();
    const others = Array.from({ length: draw(4) }, text);
    const [encoded, ...references] = encodeTokens([own, ...others]);
    const expected = [1, 2, 3, 4, 5, 6].map((order) => matchesByTexts(own, others, order));
    expect([...matcher.matches(encoded, references, 6)], `seed ${seed}`).toEqual(expected);
  }
});

it("takes a character outside the basic plane for one", () => {
  expect(encodeCharacters("a😀\ud800b")).toEqual([0x61, 0x1f600, 0xd800, 0x62]);
  expect(encodeCharacters(" a\u3000\u{1f600}\u2003b\ufeff\n", { withoutWhiteSpace: true })).toEqual([
    0x61, 0x1f600, 0x62, 0xfeff,
  ]);
  expect(ngramTotal(encodeCharacters("a😀"), 2)).toBe(1);
  expect(ngramTotal(encodeCharacters("a😀"), 3)).toBe(0);
});
