import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { rope, rotaryAngles, ShapeError, startEngine, valueAndGradients } from "../index.js";
import { fromTfjs } from "../from-tfjs.js";
import { distance, enginesHere, seededFloats } from "../testing.js";

const SEED = Number(process.env["TEST_SEED"] ?? 90);
const floats = seededFloats(SEED);
const frequencies = Float64Array.of(1, 0.3, 0.01);

/** One head of six numbers a row. */
function turned(x: Float32Array, positions: readonly number[]): Float32Array {
  return tf.tidy(() => {
    const rows = tf.tensor3d(x, [positions.length, 1, 6]);
    return rope(rows, rotaryAngles(Int32Array.from(positions), frequencies))
      .dataSync<"float32">()
      .slice();
  });
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);

describe("rotaryAngles", () => {
  it("are cosines and sines of position times frequency, row by row", () => {
    const { cos, sin } = rotaryAngles(Int32Array.of(0, 5), frequencies);
    const angles = [0, 0, 0, 5, 1.5, 0.05];
    expect(distance(cos, angles.map(Math.cos))).toBeLessThan(1e-7);
    expect(distance(sin, angles.map(Math.sin))).toBeLessThan(1e-7);
  });

  it("are as exact at positions of long contexts as at the first", () => {
    const { cos } = rotaryAngles(Int32Array.of(131_071), Float64Array.of(1));
    expect(Math.abs(cos[0] - Math.cos(131_071))).toBeLessThan(1e-7);
  });

  it("carry a factor on both", () => {
    const [plain, scaled] = [1, 1.5].map((factor) => rotaryAngles(Int32Array.of(3), frequencies, factor));
    expect(
      distance(
        scaled.cos,
        plain.cos.map((value) => value * 1.5),
      ),
    ).toBeLessThan(1e-6);
    expect(
      distance(
        scaled.sin,
        plain.sin.map((value) => value * 1.5),
      ),
    ).toBeLessThan(1e-6);
  });
});

describe.each(await enginesHere())(`rope on %s (seed ${SEED})`, (engine) => {
  beforeAll(() => startEngine(engine, "fp32"));

  it("leaves position 0 as it is", () => {
    const x = floats(12);
    expect([...turned(x, [0, 0])]).toEqual([...x]);
  });

  it("turns the pair (x[c], x[c + d/2]) by its angle", () => {
    const x = Float32Array.of(1, 0, 0, 0, 1, 0);
    const expected = [Math.cos(2), -Math.sin(0.6), 0, Math.sin(2), Math.cos(0.6), 0];
    expect(distance(turned(x, [2]), expected)).toBeLessThan(1e-6);
  });

  it("keeps the length of every pair", () => {
    const x = floats(18);
    const y = turned(x, [1, 77, 4000]);
    for (let row = 0; row < 3; row++) {
      for (let c = 0; c < 3; c++) {
        const [before, after] = [x, y].map((values) =>
          Math.hypot(values[row * 6 + c], values[row * 6 + c + 3]),
        );
        expect(Math.abs(after - before)).toBeLessThan(1e-6);
      }
    }
  });

  it("makes scores of a query and a key depend on their distance alone", () => {
    const [q, k] = [floats(6), floats(6)];
    const score = (query: number, key: number): number => dot(turned(q, [query]), turned(k, [key]));
    for (const [query, key] of [
      [9, 4],
      [25, 20],
      [1005, 1000],
    ]) {
      expect(Math.abs(score(query, key) - score(5, 0))).toBeLessThan(1e-5);
    }
    expect(Math.abs(score(5, 4) - score(5, 0))).toBeGreaterThan(1e-3);
  });

  it("adds up: two turns are one by the sum of positions", () => {
    const x = floats(6);
    expect(distance(turned(turned(x, [3]), [8]), turned(x, [11]))).toBeLessThan(2e-6);
  });

  it("hands back gradients turned the other way", () => {
    const angles = rotaryAngles(Int32Array.of(4), frequencies);
    const x = tf.tensor3d(floats(6), [1, 1, 6]);
    const weights = floats(6);
    const project = fromTfjs((y) => tf.sum(tf.mul(y, tf.tensor3d(weights, [1, 1, 6]))));
    const { gradients } = valueAndGradients(() => project(rope(x, angles)) as tf.Scalar, [x]);
    // The transpose of a rotation is its inverse: turning the gradient forward again gives the weights.
    expect(distance(turned(gradients[0]!.dataSync<"float32">(), [4]), weights)).toBeLessThan(2e-6);
  });
});

describe("rope refuses", () => {
  beforeAll(() => startEngine("cpu"));

  it.each([
    ["heads of an odd size", [1, 1, 5]],
    ["more rows than there are angles for", [2, 1, 6]],
  ] as const)("%s", (_name, [rows, heads, size]) => {
    const angles = rotaryAngles(Int32Array.of(1), frequencies);
    expect(() => rope(tf.zeros([rows, heads, size]), angles)).toThrow(ShapeError);
  });
});
