import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { add, attention, crossEntropy, linear, rmsNorm, scale, startEngine, swiglu } from "../index.js";
import { enginesHere, seededFloats } from "../testing.js";

/** What is not finite in one row or sequence is seen there, and leaves the others the bits they have without it. */

const SEED = Number(process.env["TEST_SEED"] ?? 404);
const floats = seededFloats(SEED);
const valuesOf = (tensor: tf.Tensor): Float32Array => tensor.dataSync<"float32">().slice();

/** Rows of 7 numbers, of which the third is spoilt where `bad` is given. */
function rows(values: Float32Array, bad: number | null): tf.Tensor2D {
  const own = values.slice();
  if (bad !== null) own[2 * 7 + 3] = bad;
  return tf.tensor2d(own, [5, 7]);
}

describe.each(await enginesHere())(`what is not finite, on %s (seed ${SEED})`, (engine) => {
  beforeAll(() => startEngine(engine, "fp32"));

  const weight = floats(3 * 7);
  const other = floats(5 * 7);
  const operations: [name: string, run: (x: tf.Tensor2D) => tf.Tensor][] = [
    ["linear", (x) => linear(x, tf.tensor2d(weight, [3, 7]), null, "OI")],
    ["rmsNorm", (x) => rmsNorm(x, tf.tensor1d(weight.subarray(0, 7)), 1e-6)],
    ["swiglu", (x) => swiglu(x, tf.tensor2d(other, [5, 7]))],
    ["crossEntropy", (x) => crossEntropy(x, Int32Array.of(0, 6, 3, 3, 1))],
  ];

  it.each(operations)("a NaN in a row of %s spoils that row alone", (_name, run) => {
    const values = floats(5 * 7);
    const [fine, spoilt] = [null, NaN].map((bad) => valuesOf(tf.tidy(() => run(rows(values, bad)))));
    const width = fine.length / 5;
    const isThird = (index: number): boolean => Math.floor(index / width) === 2;
    expect(spoilt.filter((_, index) => !isThird(index))).toEqual(fine.filter((_, index) => !isThird(index)));
    expect(spoilt.filter((_, index) => isThird(index)).some(Number.isNaN)).toBe(true);
    expect(fine.every(Number.isFinite)).toBe(true);
  });

  it("a NaN in a sequence of attention leaves the sequences beside it alone", () => {
    const segments = Int32Array.of(0, 3, 5, 9);
    const heads = { headCount: 2, keyValueHeadCount: 1, keySize: 4, valueSize: 4, scale: 0.5 };
    const [q, k, v] = [floats(9 * 8), floats(9 * 4), floats(9 * 4)];
    const run = (keys: Float32Array): Float32Array =>
      tf.tidy(() =>
        valuesOf(
          attention(tf.tensor3d(q, [9, 2, 4]), tf.tensor3d(keys, [9, 1, 4]), tf.tensor3d(v, [9, 1, 4]), {
            ...heads,
            querySegments: segments,
            keySegments: segments,
          }),
        ),
      );
    const spoilt = k.slice();
    spoilt[3 * 4] = NaN;
    const [before, after] = [run(k), run(spoilt)];
    expect(after.subarray(0, 3 * 8)).toEqual(before.subarray(0, 3 * 8));
    expect(after.subarray(5 * 8)).toEqual(before.subarray(5 * 8));
    expect(after.subarray(3 * 8, 5 * 8).every(Number.isNaN)).toBe(true);
  });

  it("sums and factors keep the sign of zero, and what infinity gives", () => {
    const x = tf.tensor1d([-0, 0, Infinity, -Infinity, 3.4028234663852886e38]);
    expect([...valuesOf(add(x, x))]).toEqual([-0, 0, Infinity, -Infinity, Infinity]);
    expect([...valuesOf(scale(x, -1))]).toEqual([0, -0, -Infinity, Infinity, -3.4028234663852886e38]);
    expect([...valuesOf(add(x, scale(x, -1)))]).toEqual([0, 0, NaN, NaN, 0]);
  });
});
