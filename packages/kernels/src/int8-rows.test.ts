import { describe, expect, it } from "vitest";
import { outlierColumns } from "./int8-rows.js";
import { Random } from "./testing.js";

const places = (flags: readonly boolean[]): number[] => flags.flatMap((flag, i) => (flag ? [i] : []));

describe("outlierColumns", () => {
  const [rows, depth] = [160, 64];
  const noise = (): Float32Array => new Random(21).normals(rows * depth);

  it("wants a column to be large in a sixteenth of the rows", () => {
    const x = noise();
    for (let row = 0; row < 10; row++) x[row * 16 * depth + 7] = 20;
    for (let row = 0; row < 9; row++) x[row * 16 * depth + 8] = -20;
    expect(places(outlierColumns(x, depth, 5))).toEqual([7]);
    expect(places(outlierColumns(x, depth, Infinity))).toEqual([]);
  });

  it("measures each row by itself", () => {
    const x = noise();
    for (let row = 0; row < rows; row++) x[row * depth + 3] = 20;
    const scaled = x.map((value, i) => value * 10 ** (Math.floor(i / depth) % 5));
    expect(places(outlierColumns(scaled, depth, 5))).toEqual([3]);
  });

  it("takes what is massive in a single row", () => {
    const x = noise();
    x[33 * depth + 11] = -1000;
    expect(places(outlierColumns(x, depth, 6))).toEqual([11]);
  });

  it("takes an eighth of the columns at most, those with the most", () => {
    const x = noise();
    for (let column = 0; column < 12; column++) {
      for (let row = 0; row < 20 + 5 * column; row++) x[row * depth + column] = 50;
    }
    expect(places(outlierColumns(x, depth, 1.9))).toEqual([4, 5, 6, 7, 8, 9, 10, 11]);
  });
});
