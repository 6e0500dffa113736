import { describe, expect, it } from "vitest";
import { chooseExperts } from "./choose-experts.js";

const SEED = Number(process.env["TEST_SEED"] ?? 671);

/** A seeded generator of numbers in [0, 1). */
function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** By sorting everything. */
const best = (values: readonly number[], count: number): number[] =>
  [...values.keys()].sort((a, b) => values[b] - values[a] || a - b).slice(0, count);

describe(`chooseExperts (seed ${SEED})`, () => {
  const next = uniform(SEED);

  it("takes the highest scores, of equals the first", () => {
    const scores = Float32Array.of(0.1, 0.5, 0.5, 0.2, 0.5, 0.3, 0.3, 0.3);
    expect([...chooseExperts(scores, 4, 2, null, null)]).toEqual([1, 2, 0, 1]);
  });

  it("counts the correction for the choice", () => {
    const scores = Float32Array.of(0.9, 0.1, 0.2);
    expect([...chooseExperts(scores, 3, 1, { count: 1, perToken: 1 }, Float32Array.of(-1, 0, 0))]).toEqual([
      2,
    ]);
  });

  it("takes experts of the groups whose two best are highest in sum, corrections below zero included", () => {
    const [tokens, experts, count, perToken, top] = [50, 12, 4, 2, 5];
    const scores = Float32Array.from({ length: tokens * experts }, () => next());
    const correction = Float32Array.from({ length: experts }, () => next() - 1.5);
    const chosen = chooseExperts(scores, experts, top, { count, perToken }, correction);
    for (let n = 0; n < tokens; n++) {
      const row = Array.from({ length: experts }, (_, e) =>
        Math.fround(scores[n * experts + e] + correction[e]),
      );
      const size = experts / count;
      const sums = Array.from({ length: count }, (_, group) => {
        const members = row.slice(group * size, (group + 1) * size);
        return best(members, 2).reduce((sum, place) => sum + members[place], 0);
      });
      const groups = best(sums, perToken);
      const allowed = row.map((score, e) => (groups.includes(Math.floor(e / size)) ? score : -Infinity));
      expect([...chosen.subarray(n * top, (n + 1) * top)]).toEqual(best(allowed, top));
    }
  });
});
