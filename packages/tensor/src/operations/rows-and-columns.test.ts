import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import {
  embedding,
  exactLinear,
  expertScores,
  expertWeights,
  join,
  reorderColumns,
  scaleRows,
  ShapeError,
  split,
  startEngine,
  sumRows,
} from "../index.js";
import { distance, enginesHere, seededFloats } from "../testing.js";

const SEED = Number(process.env["TEST_SEED"] ?? 2412);
const floats = seededFloats(SEED);
const valuesOf = (tensor: tf.Tensor): Float32Array => tensor.dataSync<"float32">().slice();
const matrix = (rows: number, columns: number): tf.Tensor2D =>
  tf.tensor2d(floats(rows * columns), [rows, columns]);
const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);

describe.each(await enginesHere())(`rows and columns on %s (seed ${SEED})`, (engine) => {
  beforeAll(() => startEngine(engine, "fp32"));

  it.each([
    [0, [1]],
    [0, [3, 1, 2]],
    [1, [5]],
    [1, [1, 3, 1]],
    [1, [2, 70]],
  ] as const)("parts along axis %i of sizes %j join to what was cut", (axis, sizes) => {
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const x = axis === 0 ? matrix(total, 4) : matrix(3, total);
    const parts = split(x, sizes, axis);
    expect(parts.map(({ shape }) => shape[axis])).toEqual([...sizes]);
    expect(valuesOf(join(parts, axis))).toEqual(valuesOf(x));
  });

  it("columns in another order and back are as they were", () => {
    const x = matrix(4, 6);
    const order = Int32Array.of(4, 2, 0, 5, 1, 3);
    const back = Int32Array.from({ length: 6 }, (_, column) => order.indexOf(column));
    expect(valuesOf(reorderColumns(reorderColumns(x, order), back))).toEqual(valuesOf(x));
    expect(valuesOf(reorderColumns(x, order))[0]).toBe(valuesOf(x)[4]);
  });

  it("adding rows at their places is the transpose of looking them up", () => {
    const ids = Int32Array.of(3, 0, 3, 6, 3);
    const [x, table] = [matrix(5, 9), matrix(7, 9)];
    const sums = sumRows(x, ids, 7);
    expect(sums.shape).toEqual([7, 9]);
    expect(dot(valuesOf(sums), valuesOf(table))).toBeCloseTo(
      dot(valuesOf(x), valuesOf(embedding(table, ids))),
      4,
    );
    expect([...valuesOf(sums).subarray(9, 18)]).toEqual(Array(9).fill(0));
  });

  it("rows times numbers, and products in float32, are what sums say", () => {
    const [x, factors, weight] = [matrix(3, 5), floats(3), matrix(2, 5)];
    const scaled = valuesOf(scaleRows(x, tf.tensor1d(factors)));
    const expected = valuesOf(x).map((value, i) => value * factors[Math.floor(i / 5)]);
    expect(distance(scaled, expected)).toBeLessThan(1e-6);
    const rows = (values: Float32Array): Float32Array[] =>
      Array.from({ length: values.length / 5 }, (_, row) => values.subarray(5 * row, 5 * row + 5));
    const products = rows(valuesOf(x)).flatMap((row) =>
      rows(valuesOf(weight)).map((column) => dot(row, column)),
    );
    expect(distance(valuesOf(exactLinear(x, weight)), products)).toBeLessThan(1e-6);
  });

  it("weights of experts sum to the factor where they are normalised, and are scores where not", () => {
    const chosen = Int32Array.of(1, 3, 0, 2, 3, 1);
    const logits = matrix(3, 4);
    for (const scoring of ["sigmoid", "softmax"] as const) {
      const scores = expertScores(valuesOf(logits), 4, scoring);
      const of = (isNormalised: boolean): Float32Array =>
        valuesOf(expertWeights(logits, chosen, { scoring, isNormalised, factor: 2.5 }));
      const plain = Array.from(chosen, (expert, i) => 2.5 * scores[4 * Math.floor(i / 2) + expert]);
      expect(distance(of(false), plain)).toBeLessThan(1e-6);
      const normalised = of(true);
      for (const n of [0, 1, 2]) expect(normalised[2 * n] + normalised[2 * n + 1]).toBeCloseTo(2.5, 5);
    }
    const sums = expertScores(valuesOf(logits), 4, "softmax");
    expect(sums.subarray(0, 4).reduce((sum, score) => sum + score, 0)).toBeCloseTo(1, 6);
  });

  it("keeps scores of logits beyond what e to their power can hold", () => {
    expect([...expertScores(Float32Array.of(1000, 999, -1000), 3, "softmax")]).toEqual([
      expect.closeTo(1 / (1 + Math.exp(-1)), 6),
      expect.closeTo(Math.exp(-1) / (1 + Math.exp(-1)), 6),
      0,
    ]);
    expect([...expertScores(Float32Array.of(-1000, 1000), 2, "sigmoid")]).toEqual([0, 1]);
  });

  it.each<[string, () => tf.Tensor | tf.Tensor[]]>([
    ["parts that are not the axis", () => split(matrix(2, 5), [2, 2], 1)],
    ["an empty part", () => split(matrix(2, 5), [5, 0], 1)],
    ["no parts", () => join([], 0)],
    ["parts of other widths", () => join([matrix(2, 3), matrix(2, 4)], 0)],
    ["a column twice", () => reorderColumns(matrix(2, 3), Int32Array.of(0, 0, 1))],
    ["a column that is none", () => reorderColumns(matrix(2, 3), Int32Array.of(0, 3, 1))],
    ["other factors than rows", () => scaleRows(matrix(2, 3), tf.tensor1d([1, 2, 3]))],
    ["other numbers than rows", () => sumRows(matrix(2, 3), Int32Array.of(0), 3)],
    ["inputs of another width", () => exactLinear(matrix(2, 3), matrix(4, 5))],
    [
      "an expert that is none",
      () =>
        expertWeights(matrix(1, 3), Int32Array.of(3), { scoring: "softmax", isNormalised: false, factor: 1 }),
    ],
  ])("refuses %s", (_what, run) => {
    expect(run).toThrow(ShapeError);
  });

  it("refuses a row of a sum that is none", () => {
    expect(() => sumRows(matrix(1, 2), Int32Array.of(5), 5)).toThrow(RangeError);
  });
});
