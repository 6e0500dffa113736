import { describe, expect, it } from "vitest";
import { median, quantile, summarise } from "./measure.js";

describe("quantile", () => {
  it("interpolates between neighbours", () => {
    expect(quantile([1, 2, 3, 4], 0)).toBe(1);
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
    expect(quantile([1, 2, 3, 4], 1)).toBe(4);
    expect(quantile([7], 0.3)).toBe(7);
  });
});

describe("median", () => {
  it("takes numbers in any order and leaves them as they are", () => {
    const values = [10, 2, 9];
    expect(median(values)).toBe(9);
    expect(median([...values, 3])).toBe(6);
    expect(values).toEqual([10, 2, 9]);
  });
});

describe("summarise", () => {
  it("does not depend on the order and is not moved by one slow run", () => {
    const summary = summarise([1.1, 1, 0.9, 1, 60], 2);
    expect(summary).toMatchObject({ median: 1, best: 0.9, warmUp: 2, repeats: 5 });
    expect(summary.spread).toBeCloseTo(0.05, 12);
  });
});
