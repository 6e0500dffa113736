import { describe, expect, it } from "vitest";
import { splitRows, splitWays } from "./split-rows.js";

const labels = Array.from({ length: 403 }, (_, row) => "abcde"[(row * row + 3 * row) % 5]);

/** How unlike the labels of the parts are: the mean distance of a part's shares of labels from those of all. */
function unlikeness(parts: readonly (readonly number[])[]): number {
  const shares = (rows: readonly number[]): number[] =>
    [..."abcde"].map((label) => rows.filter((row) => labels[row] === label).length / rows.length);
  const all = shares([...labels.keys()]);
  const distances = parts.map((part) =>
    shares(part).reduce((sum, share, i) => sum + Math.abs(share - all[i]), 0),
  );
  return distances.reduce((sum, distance) => sum + distance, 0) / parts.length;
}

describe.each(splitWays)("%s", (by) => {
  it.each([1, 2, 3])("deals every row once, some to each client, and the same with seed %d", (seed) => {
    for (const [clients, alpha] of [
      [1, 1],
      [8, 0.3],
      [50, 1e-3],
      [403, 10],
    ] as const) {
      const parts = splitRows(labels, { by, clients, alpha, seed });
      expect(parts).toHaveLength(clients);
      expect(parts.flat().sort((a, b) => a - b)).toEqual([...labels.keys()]);
      expect(parts.every((part) => part.length > 0)).toBe(true);
      expect(splitRows(labels, { by, clients, alpha, seed })).toEqual(parts);
      if (clients > 1 && clients < 403)
        expect(splitRows(labels, { by, clients, alpha, seed: seed + 9 })).not.toEqual(parts);
    }
  });
});

it("makes clients as unlike as it is asked for", () => {
  const of = (by: (typeof splitWays)[number], alpha = 1): number =>
    unlikeness(splitRows(labels, { by, clients: 8, alpha, seed: 4 }));
  expect(of("dirichlet", 0.1)).toBeGreaterThan(of("dirichlet", 1));
  expect(of("dirichlet", 1)).toBeGreaterThan(of("dirichlet", 1000));
  expect(of("label")).toBeGreaterThan(0.8);
  expect(of("equal")).toBeLessThan(0.4);
  const sizes = splitRows(labels, { by: "equal", clients: 8, alpha: 1, seed: 4 }).map(({ length }) => length);
  expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
});

it("makes sizes unequal where there are no labels", () => {
  const sizes = splitRows(
    Array.from({ length: 1000 }, () => ""),
    { by: "dirichlet", clients: 8, alpha: 0.3, seed: 1 },
  ).map(({ length }) => length);
  expect(Math.max(...sizes)).toBeGreaterThan(4 * Math.min(...sizes));
});
