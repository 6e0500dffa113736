import { describe, expect, it } from "vitest";
import { threefry2x32 } from "./threefry.js";
import { uniformNoise } from "./uniform-noise.js";

const draw = (length: number, key: readonly [number, number]): Float32Array => {
  const out = new Float32Array(length);
  uniformNoise(out, key);
  return out;
};

describe("uniformNoise", () => {
  it("has the moments of a uniform distribution in (−1, 1)", () => {
    const values = draw(200_000, [7, 9]);
    expect(Math.max(...values.slice(0, 100_000))).toBeLessThan(1);
    expect(Math.min(...values.slice(0, 100_000))).toBeGreaterThan(-1);
    const moment = (power: number): number =>
      values.reduce((sum, value) => sum + value ** power, 0) / values.length;
    // Standard errors of the means are 0.0013, 0.0007 and 0.0006.
    expect(Math.abs(moment(1))).toBeLessThan(0.006);
    expect(Math.abs(moment(2) - 1 / 3)).toBeLessThan(0.003);
    expect(Math.abs(moment(4) - 1 / 5)).toBeLessThan(0.003);
    let correlation = 0;
    for (let i = 1; i < values.length; i++) correlation += values[i] * values[i - 1];
    expect(Math.abs(correlation / values.length)).toBeLessThan(0.004);
  });

  it("gives the same bits for a key and place, whatever the length", () => {
    expect(draw(5, [1, 2])).toEqual(draw(9, [1, 2]).slice(0, 5));
    expect(draw(5, [1, 2])).not.toEqual(draw(5, [2, 1]));
    const [high] = threefry2x32([1, 2], [1, 0]);
    expect(draw(3, [1, 2])[2]).toBe(Math.fround(((high >>> 8) + 0.5) / 2 ** 23 - 1));
    expect(draw(0, [1, 2])).toHaveLength(0);
  });
});
