import { threefry2x32 } from "@lathe/kernels";
import { describe, expect, it } from "vitest";
import { LossSpikes } from "./loss-spikes.js";

/** Normal noise that follows from a seed (Box and Muller). */
function noise(seed: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    const [a, b] = threefry2x32([seed, 1], [i, 0]).map((bits) => ((bits >>> 0) + 0.5) / 2 ** 32);
    return Math.sqrt(-2 * Math.log(a)) * Math.cos(2 * Math.PI * b);
  });
}

const found = (losses: readonly number[]) => {
  const spikes = new LossSpikes();
  return losses.flatMap((loss, index) => (spikes.note(loss) ? [index] : []));
};

describe("LossSpikes", () => {
  it("measures the distance from the median in robust standard deviations", () => {
    // Median 5, absolute deviations 1 each: a robust deviation of 1.4826.
    const after = (loss: number) => {
      const spikes = new LossSpikes();
      for (let i = 0; i < 16; i++) expect(spikes.note(i % 2 === 0 ? 4 : 6)).toBeNull();
      return spikes.note(loss);
    };
    expect(after(5 + 1.4826 * 5.99)).toBeNull();
    const { median, deviations } = after(5 + 1.4826 * 10)!;
    expect(median).toBe(5);
    expect(deviations).toBeCloseTo(10, 10);
  });

  it("finds what leaps up, and nothing in a course that falls with noise", () => {
    for (const seed of [1, 2, 3]) {
      const course = noise(seed, 1000).map((value, i) => 2 + 2 * Math.exp(-i / 100) + 0.1 * value);
      expect(found(course), `seed ${seed}`).toEqual([]);
      expect(found(course.with(300, 6).with(500, 4)), `seed ${seed}`).toEqual([300, 500]);
    }
  });

  it("takes a loss for what it is where the level has changed for good", () => {
    const indices = found(noise(4, 100).map((value, i) => (i < 50 ? 2 : 4) + 0.1 * value));
    expect(indices[0]).toBe(50);
    expect(indices.at(-1)).toBeLessThan(50 + 32);
  });

  it("is silent about losses that hardly differ, falls, and what is no number", () => {
    expect(found([...Array<number>(32).fill(2), 2.1])).toEqual([]);
    expect(found([...Array<number>(32).fill(2), 2.2])).toEqual([32]);
    expect(found([...Array<number>(32).fill(2), 0.1])).toEqual([]);
    const spikes = new LossSpikes();
    for (const loss of [...Array<number>(32).fill(2), NaN, Infinity, null])
      expect(spikes.note(loss)).toBeNull();
  });
});
