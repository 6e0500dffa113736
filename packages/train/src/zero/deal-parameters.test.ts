import { elementCount } from "@lathe/model";
/** Laws of dealing: every row once, cuts between grains, and loads that a rank's fair share bounds. */
import { describe, expect, it } from "vitest";
import { seededNumbers } from "../../../tensor/testing/seeded-numbers.js";
import { dealParameters } from "./deal-parameters.js";

const SEED = 20261129;
describe("dealParameters", () => {
  it("gives every row to one rank, and no rank much more than its share", () => {
    const random = seededNumbers(SEED);
    const whole = (from: number, to: number): number => from + Math.floor(random() * (to - from + 1));
    for (let round = 0; round < 300; round++) {
      const ranks = whole(1, 9);
      const grain = [undefined, 1, 16, 64][whole(0, 3)];
      const shapes = Array.from({ length: whole(1, 30) }, () =>
        Array.from({ length: whole(0, 3) }, () => whole(1, 20)),
      );
      const about = `seed ${SEED}, round ${round}`;
      const dealt = dealParameters(shapes, ranks, grain);
      expect(dealt, about).toEqual(dealParameters(shapes, ranks, grain));
      const loads = new Array<number>(ranks).fill(0);
      dealt.forEach((parts, index) => {
        const [rows = 1] = shapes[index];
        const rowSize = elementCount(shapes[index]) / rows;
        expect(parts[0].start, about).toBe(0);
        expect(parts.at(-1)!.end, about).toBe(rows);
        expect(new Set(parts.map(({ rank }) => rank)).size, about).toBe(parts.length);
        parts.forEach(({ rank, start, end }, i) => {
          expect(rank >= 0 && rank < ranks, about).toBe(true);
          if (i > 0) {
            expect(rank, about).toBeGreaterThan(parts[i - 1].rank);
            expect(start, about).toBe(parts[i - 1].end);
            expect((start * rowSize) % grain!, about).toBe(0);
          }
          if (parts.length > 1) expect((end - start) * rowSize, about).toBeGreaterThanOrEqual(grain!);
          loads[rank] += (end - start) * rowSize;
        });
        if (grain === undefined) expect(parts, about).toHaveLength(1);
      });
      const share = shapes.reduce((sum, shape) => sum + elementCount(shape), 0) / ranks;
      const largest = Math.max(
        ...dealt.flatMap((parts, index) =>
          parts.map(
            ({ start, end }) => ((end - start) * elementCount(shapes[index])) / (shapes[index][0] ?? 1),
          ),
        ),
      );
      // Whoever has most had no more than the others before its last part.
      expect(Math.max(...loads), about).toBeLessThanOrEqual(2 * share + largest);
    }
  });

  it("cuts what is larger than a share among all, and leaves the rest whole", () => {
    const [embedding, ...others] = dealParameters([[100, 8], [10, 8], [10, 8], [7]], 4, 16);
    // Rows of 8 numbers: two to a grain.
    expect(embedding).toEqual([
      { rank: 0, start: 0, end: 24 },
      { rank: 1, start: 24, end: 50 },
      { rank: 2, start: 50, end: 74 },
      { rank: 3, start: 74, end: 100 },
    ]);
    for (const parts of others) expect(parts).toHaveLength(1);
    expect(new Set(others.map(([{ rank }]) => rank)).size).toBe(3);
  });
});
