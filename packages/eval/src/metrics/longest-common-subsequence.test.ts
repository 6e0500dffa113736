import { expect, it } from "vitest";
import { encodeTokens } from "./ngram-matches.js";
import {
  longestCommonSubsequenceLength,
  longestCommonSubsequencePositions,
} from "./longest-common-subsequence.js";

/** The table of lengths by its definition: `[i][j]` of the first i of `a` and the first j of `b`. */
function lengthTable(a: readonly number[], b: readonly number[]): number[][] {
  const table = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      table[i][j] =
        a[i - 1] === b[j - 1] ? table[i - 1][j - 1] + 1 : Math.max(table[i - 1][j], table[i][j - 1]);
    }
  }
  return table;
}

/** The way back through the table that the reference implementations of ROUGE-Lsum take. */
function positionsByTable(a: readonly number[], b: readonly number[]): number[] {
  const table = lengthTable(a, b);
  const positions: number[] = [];
  for (let i = a.length, j = b.length; i > 0 && j > 0;) {
    if (a[i - 1] === b[j - 1]) {
      positions.unshift(i - 1);
      i--;
      j--;
    } else if (table[i][j - 1] > table[i - 1][j]) j--;
    else i--;
  }
  return positions;
}

it.each(Array.from({ length: 40 }, (_, seed) => seed))(
  "is that of the table over many words of bits, seed %i",
  (seed) => {
    const random = createRandom(1000 + seed);
    const symbols = [1, 2, 5, 40, 300][seed % 5];
    const draw = (): number[] =>
      Array.from({ length: Math.floor(random() * 200) }, () => Math.floor(random() * symbols));
    const a = draw();
    // Long runs that both have, so that carries go through words that are all ones.
    const b = seed % 2 === 0 ? draw() : [...a.slice(a.length >> 1), ...draw(), ...a.slice(0, a.length >> 1)];
    expect(longestCommonSubsequenceLength(a, b)).toBe(lengthTable(a, b)[a.length][b.length]);
    expect(longestCommonSubsequencePositions(a, b)).toEqual(positionsByTable(a, b));
  },
);

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
  const [x, y] = encodeTokens([a, b]);
  expect(longestCommonSubsequenceLength(x, y)).toBe(expected);
  expect(longestCommonSubsequenceLength(y, x)).toBe(expected);

  const positions = longestCommonSubsequencePositions(x, y);
  expect(positions).toHaveLength(expected);
  expect([...positions].sort((x, y) => x - y)).toEqual(positions);
  const tokens = positions.map((position) => x[position]);
  expect(longestCommonSubsequenceLength(tokens, y)).toBe(expected);
});

it("is 0 where a side is empty", () => {
  const [none, one] = [[], [0]];
  expect(longestCommonSubsequenceLength(none, one)).toBe(0);
  expect(longestCommonSubsequenceLength(one, none)).toBe(0);
  expect(longestCommonSubsequencePositions(none, none)).toEqual([]);
});
