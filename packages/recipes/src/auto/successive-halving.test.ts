import { describe, expect, it } from "vitest";
import { successiveHalving } from "./successive-halving.js";

const rungs = [
  { factor: 1, kept: 2 },
  { factor: 2, kept: 1 },
  { factor: 4, kept: 1 },
];

/** Runs a search over numbers, whose loss is their distance from 7, until so many attempts. */
function search(attempts = Number.POSITIVE_INFINITY) {
  const tried: string[] = [];
  const halving = successiveHalving({
    candidates: [1, 20, 5, 40],
    rungs,
    neighbours: (best) => [best - 1, best + 1],
  });
  let next = halving.next();
  while (!next.done) {
    const { candidate, round } = next.value;
    if (tried.length >= attempts) next = halving.next(null);
    else {
      tried.push(`${round}:${candidate}`);
      // Longer rounds come to lower losses: they must not be compared with shorter ones.
      next = halving.next(Math.abs(candidate - 7) + 100 / (round + 1));
    }
  }
  return { tried, winner: next.value?.candidate };
}

describe("successiveHalving", () => {
  it("goes on with the best and the neighbours of the first, each round longer and smaller", () => {
    expect(search()).toEqual({
      tried: ["0:1", "0:20", "0:5", "0:40", "1:5", "1:1", "1:4", "1:6", "2:6"],
      winner: 6,
    });
  });

  it("takes the best of what was tried where the time ends", () => {
    expect(search(0).winner).toBeUndefined();
    expect(search(2).winner).toBe(1);
    expect(search(4).winner).toBe(5);
    // One of a later round says nothing yet.
    expect(search(5).winner).toBe(5);
    expect(search(8).winner).toBe(6);
  });
});
