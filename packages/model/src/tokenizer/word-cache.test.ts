import { threefry2x32 } from "@lathe/kernels";
import { expect, it } from "vitest";
import { WordCache } from "./word-cache.js";

it("gives the ids that a word was remembered with, or none, over many times what it holds", () => {
  const cache = new WordCache();
  const remembered = new Map<string, number[]>();
  const ids = new Int32Array(64);
  let found = 0;
  let asked = 0;
  for (let round = 0; round < 150_000; round++) {
    const [one, other] = threefry2x32([20_261_128, 0], [round, 0]);
    // A few words often, many seldom.
    const name = one % 3 === 0 ? `w${other % 50}` : `长${other % 80_000}😀`;
    const text = `<${name}>`;
    const count = cache.find(text, 1, text.length - 1, ids, 2);
    const expected = remembered.get(name);
    if (expected !== undefined) asked += 1;
    if (count !== -1) {
      found += 1;
      expect([...ids.subarray(2, 2 + count)], name).toEqual(expected);
      continue;
    }
    const made = Array.from({ length: one % 20 }, (_, at) => (other + at) % 1000);
    ids.set(made, 2);
    cache.add(text, 1, text.length - 1, ids, 2, made.length);
    remembered.set(name, made);
  }
  expect(found).toBeLessThanOrEqual(asked);
  expect(found).toBeGreaterThan(asked / 2);
});

it("keeps words of one hash apart by their text, and no long ones", () => {
  const cache = new WordCache();
  const ids = Int32Array.of(7);
  const long = "a".repeat(100);
  expect(cache.find(long, 0, 100, ids, 0)).toBe(-1);
  cache.add(long, 0, 100, ids, 0, 1);
  expect(cache.find(long, 0, 100, ids, 0)).toBe(-1);
  expect(cache.find("ab", 0, 2, ids, 0)).toBe(-1);
  cache.add("ab", 0, 2, ids, 0, 1);
  expect(cache.find("ab", 0, 1, ids, 0)).toBe(-1);
  expect(cache.find("ba", 0, 2, ids, 0)).toBe(-1);
  expect(cache.find("xaby", 1, 3, ids, 0)).toBe(1);
});
