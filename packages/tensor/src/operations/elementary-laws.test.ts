import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import {
  add,
  crossEntropy,
  dropout,
  embedding,
  fromTfjs,
  linear,
  multiplyRows,
  reshape,
  rmsNorm,
  scale,
  ShapeError,
  startEngine,
  swiglu,
  valueAndGradients,
  withDropout,
} from "../index.js";
import { distance, enginesHere, seededFloats } from "../testing.js";

const SEED = Number(process.env["TEST_SEED"] ?? 1913);
const floats = seededFloats(SEED);
const valuesOf = (tensor: tf.Tensor): Float32Array => tensor.dataSync<"float32">().slice();
const total = fromTfjs((x) => tf.sum(x));

/** Values and gradients of the sum of an output's elements. */
function gradientsOf(run: () => tf.Tensor, watched: readonly tf.Tensor[]): Float32Array[] {
  const { value, gradients } = valueAndGradients(() => tf.tidy(() => total(run()) as tf.Scalar), watched);
  const values = gradients.map((gradient) => valuesOf(gradient!));
  tf.dispose([value, ...gradients.map((gradient) => gradient!)]);
  return values;
}

describe.each(await enginesHere())(`on %s (seed ${SEED})`, (engine) => {
  beforeAll(() => startEngine(engine, "fp32"));

  describe("linear", () => {
    it.each([
      [1, 1, 1],
      [1, 64, 33],
      [5, 7, 3],
      [33, 130, 65],
    ])("is the product and the bias: %i rows, %i inputs, %i outputs", (rows, inputs, outputs) => {
      const [x, w, b] = [floats(rows * inputs), floats(outputs * inputs), floats(outputs)];
      const expected = new Float64Array(rows * outputs);
      for (let n = 0; n < rows; n++) {
        for (let o = 0; o < outputs; o++) {
          expected[n * outputs + o] = b[o];
          for (let i = 0; i < inputs; i++) expected[n * outputs + o] += x[n * inputs + i] * w[o * inputs + i];
        }
      }
      const given = tf.tensor2d(x, [rows, inputs]);
      const stored = tf.tensor2d(w, [outputs, inputs]);
      const bias = tf.tensor1d(b);
      expect(distance(valuesOf(linear(given, stored, bias, "OI")), expected)).toBeLessThan(1e-5);
      const turned = tf.transpose<tf.Tensor2D>(stored);
      expect(distance(valuesOf(linear(given, turned, bias, "IO")), expected)).toBeLessThan(1e-5);
    });

    it("is linear in its rows", () => {
      const w = tf.tensor2d(floats(12), [4, 3]);
      const [a, b] = [floats(6), floats(6)].map((values) => tf.tensor2d(values, [2, 3]));
      const both = valuesOf(linear(add(scale(a, 2), b), w, null, "OI"));
      const apart = valuesOf(add(scale(linear(a, w, null, "OI"), 2), linear(b, w, null, "OI")));
      expect(distance(both, apart)).toBeLessThan(1e-5);
    });
  });

  describe("rmsNorm", () => {
    it("gives rows of root mean square 1 with weights of 1", () => {
      const x = tf.tensor2d(floats(5 * 37), [5, 37]);
      const y = valuesOf(rmsNorm(x, tf.ones([37]), 0));
      for (let n = 0; n < 5; n++) {
        const squares = y.subarray(n * 37, (n + 1) * 37).reduce((sum, value) => sum + value * value, 0);
        expect(Math.sqrt(squares / 37)).toBeCloseTo(1, 5);
      }
    });

    it("does not change with the size of a row where epsilon is small against it", () => {
      const [x, weight] = [tf.tensor2d(floats(20), [2, 10]), tf.tensor1d(floats(10))];
      const [plain, large] = [x, scale(x, 1024)].map((rows) => valuesOf(rmsNorm(rows, weight, 0)));
      expect(distance(large, plain)).toBeLessThan(2e-6);
    });

    it("has gradients at right angles to each row, as a row's size changes nothing", () => {
      const values = floats(20);
      const [x, weight] = [tf.tensor2d(values, [2, 10]), tf.tensor1d(floats(10))];
      const [ofX] = gradientsOf(() => rmsNorm(x, weight, 0), [x]);
      for (let n = 0; n < 2; n++) {
        const own = Array.from({ length: 10 }, (_, c) => ofX[n * 10 + c] * values[n * 10 + c]);
        expect(Math.abs(own.reduce((sum, value) => sum + value, 0))).toBeLessThan(2e-5);
      }
    });

    it("makes zeros of a row of zeros, not a division by zero", () => {
      const y = valuesOf(rmsNorm(tf.zeros([1, 8]), tf.ones([8]), 1e-6));
      expect([...y].map(Math.abs)).toEqual(new Array(8).fill(0));
    });
  });

  describe("swiglu", () => {
    it("is x · sigmoid(x) · up, at the ends too", () => {
      const gate = Float32Array.of(-200, -88, -3, -1e-3, 0, 1e-3, 3, 88, 200);
      const up = Float32Array.of(2, 2, 2, 2, 2, 2, 2, 2, 2);
      const expected = Array.from(gate, (x) => (2 * x) / (1 + Math.exp(-x)));
      const [g, u] = [gate, up].map((values) => tf.tensor2d(values, [1, 9]));
      expect(distance(valuesOf(swiglu(g, u)), expected)).toBeLessThan(1e-5);
    });

    it("is silu in the gate and linear in up, and so are its gradients", () => {
      const [gate, up] = [tf.tensor2d(floats(9), [3, 3]), tf.tensor2d(floats(9), [3, 3])];
      const [once] = gradientsOf(() => swiglu(gate, up), [gate]);
      const [twice] = gradientsOf(() => swiglu(gate, scale(up, 2)), [gate]);
      expect(
        distance(
          twice,
          once.map((value) => value * 2),
        ),
      ).toBeLessThan(2e-6);
      const [ofUp] = gradientsOf(() => swiglu(gate, up), [up]);
      const silu = Array.from(valuesOf(gate), (x) => x / (1 + Math.exp(-x)));
      expect(distance(ofUp, silu)).toBeLessThan(2e-6);
    });
  });

  describe("embedding", () => {
    it("copies rows, the same one as often as it is named, and adds up their gradients", () => {
      const rows = floats(15);
      const table = tf.tensor2d(rows, [5, 3]);
      const ids = Int32Array.of(4, 0, 4, 4);
      const expected = Array.from(ids).flatMap((id) => [...rows.subarray(id * 3, id * 3 + 3)]);
      expect([...valuesOf(embedding(table, ids))]).toEqual(expected);
      const [gradient] = gradientsOf(() => embedding(table, ids), [table]);
      const uses = [1, 0, 0, 0, 3];
      expect([...gradient]).toEqual(uses.flatMap((count) => [count, count, count]));
    });

    it.each([-1, 5, 2 ** 31 - 1])("refuses the id %i of a table of five rows", (id) => {
      expect(() => embedding(tf.zeros([5, 3]), Int32Array.of(0, id))).toThrow(
        `id ${id} is outside the table of 5 rows`,
      );
    });
  });

  describe("crossEntropy", () => {
    it("is the logarithm of the vocabulary's size where all logits are the same", () => {
      const losses = valuesOf(crossEntropy(tf.fill([3, 50], 7), Int32Array.of(0, 20, 49)));
      expect(distance(losses, new Array(3).fill(Math.log(50)))).toBeLessThan(1e-6);
    });

    it("does not change when a row's logits are shifted, and takes logits of any size", () => {
      const logits = tf.tensor2d(floats(24), [2, 12]);
      const targets = Int32Array.of(3, 11);
      const plain = valuesOf(crossEntropy(logits, targets));
      const shifted = valuesOf(crossEntropy(tf.add(logits, 512), targets));
      expect(distance(shifted, plain)).toBeLessThan(1e-4);
      const far = valuesOf(crossEntropy(tf.tensor2d([0, -1e4, 1e4], [1, 3]), Int32Array.of(1)));
      expect([...far]).toEqual([20_000]);
    });

    it("has gradients that are probabilities less one at the target: they add up to nothing", () => {
      const logits = tf.tensor2d(floats(24), [2, 12]);
      const targets = Int32Array.of(3, 11);
      const [gradient] = gradientsOf(() => crossEntropy(logits, targets), [logits]);
      for (const [n, target] of targets.entries()) {
        const row = gradient.subarray(n * 12, (n + 1) * 12);
        expect(Math.abs(row.reduce((sum, value) => sum + value, 0))).toBeLessThan(1e-6);
        row.forEach((value, c) => expect(Math.sign(value)).toBe(c === target ? -1 : 1));
      }
    });

    it.each([-1, 12])("refuses the target %i of a vocabulary of 12", (target) => {
      expect(() => crossEntropy(tf.zeros([1, 12]), Int32Array.of(target))).toThrow(
        `target ${target} is outside the vocabulary of 12`,
      );
    });
  });

  describe("dropout", () => {
    const key = { seed: 1, step: 2, microBatch: 3 };
    const ones = (): tf.Tensor2D => tf.ones([40, 50]);
    const mask = (rate: number, site: string, of = key): Float32Array =>
      withDropout(of, () => valuesOf(tf.tidy(() => dropout(ones(), rate, site))));

    it("leaves zeros and numbers raised by 1 / (1 − rate), in about that proportion", () => {
      const values = mask(0.25, "here");
      const kept = values.filter((value) => value !== 0);
      for (const value of kept) expect(value).toBeCloseTo(4 / 3, 6);
      // 2000 draws: four standard deviations are 0.039.
      expect(Math.abs(kept.length / values.length - 0.75)).toBeLessThan(0.039);
    });

    it("draws the same mask from the same key, and others from other keys and places", () => {
      const same = [...mask(0.5, "here")];
      expect([...mask(0.5, "here")]).toEqual(same);
      for (const other of [
        mask(0.5, "there"),
        mask(0.5, "here", { ...key, seed: 2 }),
        mask(0.5, "here", { ...key, step: 3 }),
        mask(0.5, "here", { ...key, microBatch: 4 }),
      ]) {
        const equal = other.filter((value, i) => value === same[i]).length;
        // Masks that have nothing to do with each other agree in half of their places: again four deviations.
        expect(Math.abs(equal / other.length - 0.5)).toBeLessThan(0.045);
      }
    });

    it("has its mask as gradient", () => {
      const x = ones();
      const [gradient] = gradientsOf(() => withDropout(key, () => dropout(x, 0.5, "here")), [x]);
      expect([...gradient]).toEqual([...mask(0.5, "here")]);
    });

    it("passes everything on outside training, and at rate 0", () => {
      const x = tf.tensor2d(floats(6), [2, 3]);
      expect([...valuesOf(dropout(x, 0.5, "here"))]).toEqual([...valuesOf(x)]);
      expect([...valuesOf(withDropout(key, () => dropout(x, 0, "here")))]).toEqual([...valuesOf(x)]);
    });

    it.each([-0.1, 1, NaN])("refuses a rate of %f", (rate) => {
      expect(() => withDropout(key, () => dropout(ones(), rate, "here"))).toThrow(
        "expected a rate in [0, 1)",
      );
    });
  });

  describe("arithmetic", () => {
    it("add takes either order, and gives both inputs the whole gradient", () => {
      const [a, b] = [tf.tensor1d(floats(37)), tf.tensor1d(floats(37))];
      expect([...valuesOf(add(a, b))]).toEqual([...valuesOf(add(b, a))]);
      const [ofA, ofB] = gradientsOf(() => add(a, b), [a, b]);
      expect([...ofA]).toEqual(new Array(37).fill(1));
      expect([...ofB]).toEqual([...ofA]);
    });

    it("a tensor added to itself has twice the gradient", () => {
      const x = tf.tensor1d(floats(5));
      const [gradient] = gradientsOf(() => add(x, x), [x]);
      expect([...gradient]).toEqual(new Array(5).fill(2));
    });

    it("scale by 0 and by 1 are exact", () => {
      const x = tf.tensor1d(floats(19));
      expect([...valuesOf(scale(x, 1))]).toEqual([...valuesOf(x)]);
      expect([...valuesOf(scale(x, 0))].every((value) => value === 0)).toBe(true);
    });

    it("multiplyRows has the sum over rows as the gradient of its row", () => {
      const values = floats(12);
      const [x, row] = [tf.tensor2d(values, [4, 3]), tf.tensor1d(floats(3))];
      const [ofRow] = gradientsOf(() => multiplyRows(x, row), [row]);
      const sums = [0, 1, 2].map((c) => [0, 1, 2, 3].reduce((sum, n) => sum + values[n * 3 + c], 0));
      expect(distance(ofRow, sums)).toBeLessThan(1e-6);
    });

    it("reshape keeps values and their order", () => {
      const x = tf.tensor2d(floats(12), [4, 3]);
      const y = reshape<tf.Tensor3D>(x, [2, 3, 2]);
      expect(y.shape).toEqual([2, 3, 2]);
      expect([...valuesOf(y)]).toEqual([...valuesOf(x)]);
    });
  });
});

describe("operations refuse shapes that do not fit", () => {
  beforeAll(() => startEngine("cpu"));

  it.each<[string, () => unknown, string]>([
    ["add", () => add(tf.zeros([2, 3]), tf.zeros([3, 2])), "add"],
    ["multiplyRows", () => multiplyRows(tf.zeros([2, 3]), tf.zeros([2])), "row [3]"],
    ["linear", () => linear(tf.zeros([2, 3]), tf.zeros([4, 2]), null, "OI"), "linear"],
    ["rmsNorm", () => rmsNorm(tf.zeros<tf.Rank.R2>([2, 3]), tf.zeros([2]), 1e-6), "rmsNorm"],
    ["swiglu", () => swiglu(tf.zeros<tf.Rank.R2>([2, 3]), tf.zeros([2, 4])), "swiglu"],
    ["crossEntropy", () => crossEntropy(tf.zeros([2, 3]), Int32Array.of(0)), "logits [1, V]"],
    ["embedding", () => embedding(tf.zeros([6]) as unknown as tf.Tensor2D, Int32Array.of(0)), "table [V, h]"],
  ])("%s", (_name, run, message) => {
    const before = tf.memory().numTensors;
    expect(() => tf.tidy(() => run() as tf.Tensor)).toThrow(ShapeError);
    expect(() => tf.tidy(() => run() as tf.Tensor)).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });
});
