import { ZeroMask } from "@lathe/kernels";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import {
  fromTfjs,
  linear,
  maskedUpdate,
  product,
  scale,
  ShapeError,
  startEngine,
  valueAndGradients,
} from "../index.js";
import { distance, enginesHere, seededFloats } from "../testing.js";

const SEED = Number(process.env["TEST_SEED"] ?? 1411);
const floats = seededFloats(SEED);
const matrix = (rows: number, columns: number): tf.Tensor2D =>
  tf.tensor2d(floats(rows * columns), [rows, columns]);
const valuesOf = (tensor: tf.Tensor): Float32Array => tensor.dataSync<"float32">().slice();
const squares = fromTfjs((x) => tf.sum<tf.Scalar>(tf.square(x)));

const [rows, inputs, outputs, rank] = [5, 12, 7, 3];
/** About half of the elements. */
const someZeros = (): ZeroMask =>
  ZeroMask.of(
    floats(outputs * inputs).map((value) => (value < 0 ? 0 : value)),
    [outputs, inputs],
  );
const allZeros = (): ZeroMask => ZeroMask.of(new Float32Array(outputs * inputs), [outputs, inputs]);

describe.each(await enginesHere())(`a masked update on %s (seed ${SEED})`, (engine) => {
  beforeAll(() => startEngine(engine, "fp32"));

  const factors = (): [x: tf.Tensor2D, a: tf.Tensor2D, b: tf.Tensor2D] => [
    matrix(rows, inputs),
    matrix(rank, inputs),
    matrix(outputs, rank),
  ];

  it("is the product with the update whose masked elements are zero, element by element in double precision", () => {
    const [x, a, b] = factors();
    const zeros = someZeros();
    const [ofX, ofA, ofB] = [x, a, b].map(valuesOf);
    const expected = new Float64Array(rows * outputs);
    for (let n = 0; n < rows; n++) {
      for (let o = 0; o < outputs; o++) {
        for (let i = 0; i < inputs; i++) {
          if (zeros.has(o * inputs + i)) continue;
          let update = 0;
          for (let r = 0; r < rank; r++) update += ofB[o * rank + r] * ofA[r * inputs + i];
          expected[n * outputs + o] += 1.5 * update * ofX[n * inputs + i];
        }
      }
    }
    expect(distance(valuesOf(maskedUpdate(x, a, b, 1.5, zeros)), expected)).toBeLessThan(1e-5);
  });

  it("without zeros is the low-rank update, with the same gradients", () => {
    const inputsOf = factors();
    const [x, a, b] = inputsOf;
    const none = new ZeroMask([outputs, inputs]);
    const masked = valueAndGradients(() => squares(maskedUpdate(x, a, b, 0.7, none)), inputsOf);
    const plain = valueAndGradients(
      () => squares(scale(linear(linear(x, a, null, "OI"), b, null, "OI"), 0.7)),
      inputsOf,
    );
    expect(distance(valuesOf(masked.value), valuesOf(plain.value))).toBeLessThan(1e-5);
    masked.gradients.forEach((gradient, i) => {
      expect(distance(valuesOf(gradient!), valuesOf(plain.gradients[i]!))).toBeLessThan(1e-4);
    });
  });

  it("with zeros alone is nothing, and nothing depends on it", () => {
    const inputsOf = factors();
    const [x, a, b] = inputsOf;
    const { value, gradients } = valueAndGradients(
      () => squares(maskedUpdate(x, a, b, 3, allZeros())),
      inputsOf,
    );
    expect(valuesOf(value)).toEqual(new Float32Array(1));
    for (const gradient of gradients) expect(valuesOf(gradient!).every((part) => part === 0)).toBe(true);
  });

  it("never reads an input through a masked element: a column without weights may hold anything finite", () => {
    const [x, a, b] = factors();
    const column = 4;
    const zeros = ZeroMask.of(
      Float32Array.from({ length: outputs * inputs }, (_, i) => (i % inputs === column ? 0 : 1)),
      [outputs, inputs],
    );
    const other = valuesOf(x).map((value, i) => (i % inputs === column ? 1e6 : value));
    expect(valuesOf(maskedUpdate(tf.tensor2d(other, [rows, inputs]), a, b, 1, zeros))).toEqual(
      valuesOf(maskedUpdate(x, a, b, 1, zeros)),
    );
    const { gradients } = valueAndGradients(() => squares(maskedUpdate(x, a, b, 1, zeros)), [x, a]);
    for (const gradient of gradients) {
      const ofColumn = valuesOf(gradient!).filter((_, i) => i % inputs === column);
      expect(ofColumn.every((part) => part === 0)).toBe(true);
    }
  });

  it("is linear in x and in b", () => {
    const zeros = someZeros();
    const [x, a, b] = factors();
    const [otherX, otherB] = [matrix(rows, inputs), matrix(outputs, rank)];
    const of = (left: tf.Tensor2D, right: tf.Tensor2D): Float32Array =>
      valuesOf(maskedUpdate(left, a, right, 1, zeros));
    const sum = (p: Float32Array, q: Float32Array): Float32Array => p.map((value, i) => value + 2 * q[i]);
    const doubled = tf.add<tf.Tensor2D>(x, tf.mul(otherX, 2));
    expect(distance(of(doubled, b), sum(of(x, b), of(otherX, b)))).toBeLessThan(1e-5);
    const doubledB = tf.add<tf.Tensor2D>(b, tf.mul(otherB, 2));
    expect(distance(of(x, doubledB), sum(of(x, b), of(x, otherB)))).toBeLessThan(1e-5);
  });

  it("depends on the product of its factors alone: b R and R⁻¹ a are the same update", () => {
    const zeros = someZeros();
    const [x, a, b] = factors();
    // A triangular matrix of ones and its inverse have small whole numbers.
    const turn = tf.tensor2d([1, 1, 1, 0, 1, 1, 0, 0, 1], [3, 3]);
    const back = tf.tensor2d([1, -1, 0, 0, 1, -1, 0, 0, 1], [3, 3]);
    const expected = valuesOf(maskedUpdate(x, a, b, 1, zeros));
    const turned = valuesOf(maskedUpdate(x, product(back, a), product(b, turn), 1, zeros));
    expect(distance(turned, expected)).toBeLessThan(1e-5);
  });

  it.each<[what: string, x: number[], a: number[], b: number[], message: string]>([
    ["x", [rows, inputs + 1], [rank, inputs], [outputs, rank], "x [N, 12]"],
    ["a", [rows, inputs], [rank, inputs - 1], [outputs, rank], "a [r, 12]"],
    ["b of other outputs", [rows, inputs], [rank, inputs], [outputs + 1, rank], "b [7, 3]"],
    ["b of another rank", [rows, inputs], [rank, inputs], [outputs, rank + 1], "b [7, 3]"],
  ])("refuses %s that does not fit the mask", (_what, x, a, b, message) => {
    const given = [x, a, b].map((shape) => tf.zeros<tf.Rank.R2>(shape as [number, number]));
    const before = tf.memory().numTensors;
    const run = (): tf.Tensor2D =>
      maskedUpdate(given[0], given[1], given[2], 1, new ZeroMask([outputs, inputs]));
    expect(run).toThrow(ShapeError);
    expect(run).toThrow(`maskedUpdate: expected ${message}, got [`);
    expect(tf.memory().numTensors).toBe(before);
  });
});
