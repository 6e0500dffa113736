import { expect, it } from "vitest";
import {
  longestCommonSubsequenceLength,
  longestCommonSubsequencePositions,
} from "./longest-common-subsequence.js";

/** A seeded generator of numbers in [0, 1): mulberry32. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The longest of the 2^n subsequences of `a` that `b` contains. */
function exhaustiveLength(a: readonly string[], b: readonly string[]): number {
  let longest = 0;
  for (let chosen = 0; chosen < 1 << a.length; chosen++) {
    const subsequence = a.filter((_, index) => chosen & (1 << index));
    let found = 0;
    for (const token of b) if (token === subsequence[found]) found++;
    if (found === subsequence.length) longest = Math.max(longest, found);
  }
  return longest;
}

it.each(Array.from({ length: 60 }, (_, seed) => seed))("is the longest there is, seed %i", (seed) => {
  const random = createRandom(seed);
  const draw = () =>
    Array.from({ length: Math.floor(random() * 9) }, () => "abcd"[Math.floor(random() * (2 + (seed % 3)))]);
  const [a, b] = [draw(), draw()];
  const expected = exhaustiveLength(a, b);
  expect(longestCommonSubsequenceLength(a, b)).toBe(expected);
  expect(longestCommonSubsequenceLength(b, a)).toBe(expected);

  const positions = longestCommonSubsequencePositions(a, b);
  expect(positions).toHaveLength(expected);
  expect([...positions].sort((x, y) => x - y)).toEqual(positions);
  const tokens = positions.map((position) => a[position]);
  expect(longestCommonSubsequenceLength(tokens, b)).toBe(expected);
});

it("is 0 where a side is empty", () => {
  expect(longestCommonSubsequenceLength([], ["a"])).toBe(0);
  expect(longestCommonSubsequenceLength(["a"], [])).toBe(0);
  expect(longestCommonSubsequencePositions([], [])).toEqual([]);
});
