/** Laws of dealing by speed, on paces that are made up. */
import { describe, expect, it } from "vitest";
import { MicroBatchDealer } from "./micro-batch-dealer.js";

const sizes = [30, 80, 10, 60, 50, 20, 70, 40];

/** What ranks of some paces compute of a step, in seconds a token. */
function worksOf(dealer: MicroBatchDealer, tokens: readonly number[], paces: readonly number[]) {
  const ranks = dealer.deal(tokens);
  return paces.map((pace, rank) => {
    const own = tokens.reduce((sum, count, i) => sum + (ranks[i] === rank ? count : 0), 0);
    return { tokens: own, seconds: own * pace };
  });
}
const secondsOf = (works: readonly { readonly seconds: number }[]): number =>
  Math.max(...works.map(({ seconds }) => seconds));

describe("MicroBatchDealer", () => {
  it("has every rank take its turn while they are about as fast as each other", () => {
    const dealer = new MicroBatchDealer(3);
    for (let step = 0; step < 20; step++) {
      const paces = [1, 1.05, 0.95].map((pace, rank) => pace + 0.02 * Math.sin(step * 3 + rank));
      const even = [4, 4, 4, 4, 4, 4];
      expect(dealer.deal(even)).toEqual([0, 1, 2, 0, 1, 2]);
      expect(dealer.note(even.length, worksOf(dealer, even, paces))).toBeNull();
    }
  });

  it("gives a slow rank less, so that all are done at about the same time, and more again when it recovers", () => {
    const dealer = new MicroBatchDealer(2);
    const changes: (readonly number[])[] = [];
    const run = (steps: number, paces: readonly number[]): void => {
      for (let step = 0; step < steps; step++) {
        const shares = dealer.note(sizes.length, worksOf(dealer, sizes, paces));
        if (shares) changes.push(shares);
      }
    };
    const byTurns = secondsOf(worksOf(dealer, sizes, [1, 3]));
    run(10, [1, 3]);
    expect(changes).toHaveLength(1);
    expect(changes[0][0]).toBeCloseTo(0.75, 2);
    expect(changes[0][1]).toBeCloseTo(0.25, 2);
    // 360 tokens at a pace of 1 and a pace of 3 take 270 at best.
    const dealt = secondsOf(worksOf(dealer, sizes, [1, 3]));
    expect(dealt).toBeLessThan(byTurns / 1.5);
    expect(dealt).toBeLessThanOrEqual(300);
    run(20, [1, 1]);
    expect(secondsOf(worksOf(dealer, sizes, [1, 1]))).toBeLessThanOrEqual(200);
    // A pace is a mean, and follows in a few deals rather than in one at every step.
    expect(changes.length).toBeLessThanOrEqual(5);
  });

  it("changes nothing for a single slow step, nor for the first one", () => {
    const dealer = new MicroBatchDealer(2);
    const even = [5, 5, 5, 5];
    expect(dealer.note(even.length, worksOf(dealer, even, [1, 40]))).toBeNull();
    for (let step = 0; step < 5; step++) {
      expect(dealer.note(even.length, worksOf(dealer, even, [1, 1]))).toBeNull();
    }
    expect(dealer.note(even.length, worksOf(dealer, even, [1, 2]))).toBeNull();
    expect(dealer.deal(even)).toEqual([0, 1, 0, 1]);
  });

  it("deals every micro-batch once, and one at least to every rank, however slow", () => {
    const dealer = new MicroBatchDealer(3);
    for (let step = 0; step < 6; step++) dealer.note(sizes.length, worksOf(dealer, sizes, [1, 1, 1000]));
    const ranks = dealer.deal(sizes);
    expect(ranks).toHaveLength(sizes.length);
    expect(ranks.filter((rank) => rank === 2)).toHaveLength(1);
    // The smallest of them.
    expect(ranks[2]).toBe(2);
    // Fewer than there are ranks go to the fast ones, no two to one that others wait for.
    expect([...dealer.deal([7, 7])].sort()).not.toContain(2);
    expect(dealer.deal([])).toEqual([]);
  });
});
