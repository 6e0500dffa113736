import { describe, expect, it } from "vitest";
import { holdOut, spread } from "./hold-out.js";

const source = (length: number) => ({ length, row: (index: number) => index });
const all = <Row>({ length, row }: { length: number; row: (index: number) => Row }): Row[] =>
  Array.from({ length }, (_, index) => row(index));

describe("holdOut", () => {
  it.each([2, 3, 9, 10, 79, 80, 81, 1000])("parts %d rows into two that are all of them", (length) => {
    for (let seed = 0; seed < 12; seed++) {
      const { training, validation } = holdOut(source(length), seed);
      expect(training.length, `seed ${seed}`).toBeGreaterThan(0);
      expect(validation.length, `seed ${seed}`).toBeGreaterThan(0);
      const numbers = [...all(training), ...all(validation)].sort((a, b) => a - b);
      expect(numbers, `seed ${seed}`).toEqual(all(source(length)));
      if (length === 1000) expect(Math.abs(validation.length - 100)).toBeLessThanOrEqual(8);
    }
  });

  it("keeps neighbours together, and takes others with another seed", () => {
    const [one, other] = [0, 1].map((seed) => all(holdOut(source(800), seed).validation));
    expect(one.slice(0, 9)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 80]);
    expect(one.filter((row) => other.includes(row))).toEqual([]);
  });
});

describe("spread", () => {
  it("takes rows from all over, each once", () => {
    expect(all(spread(source(10), 4))).toEqual([0, 2, 5, 7]);
    expect(spread(source(3), 4).length).toBe(3);
  });
});
