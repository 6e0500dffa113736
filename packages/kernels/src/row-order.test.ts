import { describe, expect, it } from "vitest";
import { rowOrder } from "./row-order.js";

describe("rowOrder", () => {
  it("is a permutation that seed and epoch determine", () => {
    const order = rowOrder(1000, 2, 7, true);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(rowOrder(1000, 2, 7, true)).toEqual(order);
    expect(rowOrder(1000, 3, 7, true)).not.toEqual(order);
    expect(rowOrder(1000, 2, 8, true)).not.toEqual(order);
  });

  it("keeps the order without shuffling", () => {
    expect(rowOrder(3, 5, 1, false)).toEqual(Int32Array.of(0, 1, 2));
  });

  it("puts every row in every place equally often", () => {
    const counts = Array.from({ length: 5 }, () => new Array<number>(5).fill(0));
    for (let epoch = 0; epoch < 4000; epoch++)
      rowOrder(5, epoch, 0, true).forEach((row, i) => counts[i][row]++);
    // 800 expected, standard deviation 25: five of them are passed once in two million.
    for (const count of counts.flat()) expect(Math.abs(count - 800)).toBeLessThan(5 * 25.3);
  });
});
