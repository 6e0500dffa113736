import { emptyMoment, momentCodes } from "@lathe/kernels";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { type AdamWSettings, type Engine, startEngine } from "./index.js";
import { distance, enginesHere, seededFloats } from "./testing.js";

const SEED = Number(process.env["TEST_SEED"] ?? 31);
const floats = seededFloats(SEED);

interface State {
  readonly parameter: number[];
  readonly first: number[];
  readonly second: number[];
}

/** One step of AdamW (arXiv:1711.05101, algorithm 2, in PyTorch's form) in float64. */
function referenceStep(
  { parameter, first, second }: State,
  gradient: ArrayLike<number>,
  s: AdamWSettings,
): State {
  const next: State = { parameter: [], first: [], second: [] };
  parameter.forEach((value, i) => {
    const g = gradient[i] * s.gradientScale;
    const m = s.beta1 * first[i] + (1 - s.beta1) * g;
    const v = s.beta2 * second[i] + (1 - s.beta2) * g * g;
    const corrected = m / (1 - s.beta1 ** s.step);
    const root = Math.sqrt(v / (1 - s.beta2 ** s.step));
    const decayed = value * (1 - s.learningRate * s.weightDecay);
    next.parameter.push(decayed - (s.learningRate * corrected) / (root + s.epsilon));
    next.first.push(m);
    next.second.push(v);
  });
  return next;
}

const settings: AdamWSettings = {
  learningRate: 1e-2,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.1,
  step: 1,
  gradientScale: 1,
};

const variableOf = (values: ArrayLike<number>): tf.Variable =>
  tf.variable(tf.tensor1d(Float32Array.from(values)));
const valuesOf = (tensor: tf.Tensor): Float32Array => tensor.dataSync<"float32">().slice();

describe.each(await enginesHere())(`routines of %s (seed ${SEED})`, (name) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine(name, "fp32");
  });

  describe("adamW", () => {
    it.each([
      ["decay", settings],
      ["no decay, raised gradients", { ...settings, weightDecay: 0, gradientScale: 0.25 }],
      ["quick moments", { ...settings, beta1: 0, beta2: 0.5 }],
    ] as const)("follows the rule in float64 over ten steps: %s", (_what, given) => {
      const size = 37;
      let expected: State = {
        parameter: [...floats(size)],
        first: new Array<number>(size).fill(0),
        second: new Array<number>(size).fill(0),
      };
      const [variable, first, second] = [expected.parameter, expected.first, expected.second].map(variableOf);
      for (let step = 1; step <= 10; step++) {
        const values = floats(size);
        const gradient = tf.tensor1d(values);
        engine.routines.adamW([{ variable, gradient, first, second }], { ...given, step });
        expected = referenceStep(expected, values, { ...given, step });
        gradient.dispose();
      }
      expect(distance(valuesOf(variable), expected.parameter)).toBeLessThan(5e-6);
      expect(distance(valuesOf(first), expected.first)).toBeLessThan(1e-6);
      expect(distance(valuesOf(second), expected.second)).toBeLessThan(1e-6);
      tf.dispose([variable, first, second]);
    });

    it("takes the first step as long as the learning rate, whatever the gradient's size", () => {
      const variable = variableOf([1, 1, 1]);
      const [first, second] = [variableOf([0, 0, 0]), variableOf([0, 0, 0])];
      const gradient = tf.tensor1d([1e-3, -5, 1e4]);
      engine.routines.adamW([{ variable, gradient, first, second }], { ...settings, weightDecay: 0 });
      expect(distance(valuesOf(variable), [0.99, 1.01, 0.99])).toBeLessThan(1e-5);
      tf.dispose([variable, first, second, gradient]);
    });

    it("does for many tensors what it does for each, and leaves gradients and tensors as they were", () => {
      const sizes = [1, 5, 4096];
      const all = sizes.map((size) => ({
        variable: variableOf(floats(size)),
        gradient: tf.tensor1d(floats(size)),
        first: variableOf(floats(size)),
        second: variableOf(floats(size).map(Math.abs)),
      }));
      const copies = all.map(({ variable, gradient, first, second }) => ({
        gradient,
        variable: variableOf(valuesOf(variable)),
        first: variableOf(valuesOf(first)),
        second: variableOf(valuesOf(second)),
      }));
      const gradients = all.map(({ gradient }) => [...valuesOf(gradient)]);
      const before = tf.memory().numTensors;
      engine.routines.adamW(all, { ...settings, step: 3 });
      for (const one of copies) engine.routines.adamW([one], { ...settings, step: 3 });
      expect(tf.memory().numTensors).toBe(before);
      all.forEach((one, i) => {
        expect([...valuesOf(one.variable)]).toEqual([...valuesOf(copies[i].variable)]);
        expect([...valuesOf(one.second)]).toEqual([...valuesOf(copies[i].second)]);
        expect([...valuesOf(one.gradient)]).toEqual(gradients[i]);
      });
      tf.dispose([...all, ...copies].flatMap(({ variable, first, second }) => [variable, first, second]));
      tf.dispose(all.map(({ gradient }) => gradient));
    });

    it("with a gradient of zero only decays", () => {
      const [variable, first, second] = [variableOf([2, -4]), variableOf([0, 0]), variableOf([0, 0])];
      const gradient = tf.zeros<tf.Rank.R1>([2]);
      engine.routines.adamW([{ variable, gradient, first, second }], settings);
      expect(distance(valuesOf(variable), [2 * 0.999, -4 * 0.999])).toBeLessThan(1e-6);
      tf.dispose([variable, first, second, gradient]);
    });
  });

  describe("adamW8bit", () => {
    const size = 300; // a whole block of moments and a part of one
    const momentsOf = () => ({ first: emptyMoment(size, "first"), second: emptyMoment(size, "second") });

    it("takes its first step as AdamW does, whose moments are not rounded yet", () => {
      const values = floats(size);
      const [narrow, wide] = [variableOf(values), variableOf(values)];
      const [first, second] = [variableOf(new Float32Array(size)), variableOf(new Float32Array(size))];
      const gradient = tf.tensor1d(floats(size));
      const before = tf.memory().numTensors;
      engine.routines.adamW8bit([{ variable: narrow, gradient, ...momentsOf() }], settings);
      engine.routines.adamW([{ variable: wide, gradient, first, second }], settings);
      expect(tf.memory().numTensors).toBe(before);
      expect(distance(valuesOf(narrow), valuesOf(wide))).toBeLessThan(1e-6);
      tf.dispose([narrow, wide, first, second, gradient]);
    });

    it("keeps moments within the width of their codes, and of none of them makes one", () => {
      const variable = variableOf(floats(size));
      const values = floats(size).fill(0, 0, 100);
      const gradient = tf.tensor1d(values);
      const moments = momentsOf();
      engine.routines.adamW8bit([{ variable, gradient, ...moments }], { ...settings, gradientScale: 2 });
      const [largest] = moments.first.scales;
      for (let i = 0; i < 256; i++) {
        const moment = largest * momentCodes.first.values[moments.first.codes[i]];
        // Codes of signed moments are 1/71 of the largest apart at the widest, and a moment has the nearest.
        expect(Math.abs(moment - 0.2 * values[i])).toBeLessThanOrEqual(largest / 140);
        const second = momentCodes.second.values[moments.second.codes[i]];
        expect(second === 0, `the second moment of ${values[i]}`).toBe(values[i] === 0);
      }
      tf.dispose([variable, gradient]);
    });
  });

  describe("adafactor", () => {
    const given = { learningRate: 0.1, weightDecay: 0.1, kept: 0, gradientScale: 1 };

    /** Means of rows of equal length. */
    const means = (rows: readonly (readonly number[])[]): number[] =>
      rows.map((row) => row.reduce((sum, value) => sum + value, 0) / row.length);

    it("follows the rule in float64 over five steps of a matrix (arXiv:1804.04235, algorithm 4)", () => {
      const [rows, columns] = [5, 7];
      const variable = tf.variable(tf.tensor2d(floats(rows * columns), [rows, columns]));
      const [rowMoments, columnMoments] = [tf.variable(tf.zeros([rows])), tf.variable(tf.zeros([columns]))];
      const expected = {
        values: [...valuesOf(variable)],
        row: [0, 0, 0, 0, 0],
        column: new Array(columns).fill(0),
      };
      for (let step = 1; step <= 5; step++) {
        const kept = 1 - step ** -0.8;
        const values = floats(rows * columns);
        const gradient = tf.tensor2d(values, [rows, columns]);
        const update = { variable, gradient, rowMoments, columnMoments };
        engine.routines.adafactor([update], { ...given, kept, gradientScale: 0.5 });
        gradient.dispose();
        const g = (r: number, c: number): number => 0.5 * values[r * columns + c];
        const squares = Array.from({ length: rows }, (_, r) =>
          Array.from({ length: columns }, (_, c) => g(r, c) ** 2 + 1e-30),
        );
        const turned = squares[0].map((_, c) => squares.map((row) => row[c]));
        const renewed = (old: readonly number[], now: readonly number[]): number[] =>
          old.map((value, i) => kept * value + (1 - kept) * now[i]);
        expected.row = renewed(expected.row, means(squares));
        expected.column = renewed(expected.column as number[], means(turned));
        const [mean] = means([expected.row]);
        const change = squares.flatMap((row, r) =>
          row.map((_, c) => g(r, c) / Math.sqrt((expected.row[r] * expected.column[c]) / mean)),
        );
        const size = Math.sqrt(means([change.map((value) => value ** 2)])[0]);
        expected.values = expected.values.map(
          (value, i) => value * (1 - 0.1 * 0.1) - (0.1 * change[i]) / Math.max(1, size),
        );
      }
      expect(distance(valuesOf(variable), expected.values)).toBeLessThan(1e-5);
      expect(distance(valuesOf(rowMoments), expected.row)).toBeLessThan(1e-6);
      expect(distance(valuesOf(columnMoments), expected.column as number[])).toBeLessThan(1e-6);
      tf.dispose([variable, rowMoments, columnMoments]);
    });

    it("moves every element of a vector as far at first, and no vector farther than the rate on the whole", () => {
      const [variable, columnMoments] = [variableOf([1, 1, 1]), variableOf([0, 0, 0])];
      const gradients = [tf.tensor1d([1e-3, -5, 1e4]), tf.tensor1d([1e3, 1e3, -1e6])];
      const update = { variable, rowMoments: null, columnMoments };
      engine.routines.adafactor([{ ...update, gradient: gradients[0] }], { ...given, weightDecay: 0 });
      expect(distance(valuesOf(variable), [0.9, 1.1, 0.9])).toBeLessThan(1e-5);
      const before = valuesOf(variable);
      engine.routines.adafactor([{ ...update, gradient: gradients[1] }], {
        ...given,
        weightDecay: 0,
        kept: 0.99,
      });
      const moved = valuesOf(variable).map((value, i) => value - before[i]);
      expect(Math.hypot(...moved) / Math.sqrt(3)).toBeLessThan(0.1 * (1 + 1e-4));
      tf.dispose([variable, columnMoments, ...gradients]);
    });
  });

  describe("addInto", () => {
    it("gives up the sum and hands over a tensor that outlives a tidy", () => {
      const [sum, part] = [tf.tensor1d([1, 2]), tf.tensor1d([10, 20])];
      const before = tf.memory().numTensors;
      const added = tf.tidy(() => {
        engine.routines.addInto(sum, part);
        return [];
      });
      expect(added).toEqual([]);
      expect(sum.isDisposed).toBe(true);
      expect([...valuesOf(part)]).toEqual([10, 20]);
      expect(tf.memory().numTensors).toBe(before);
    });

    it("does not change what shares the memory of the sum", () => {
      const given = tf.tensor1d([1, 2]);
      const shared = given.clone();
      const added = engine.routines.addInto(given, tf.tensor1d([10, 20]));
      expect([...valuesOf(added)]).toEqual([11, 22]);
      expect([...valuesOf(shared)]).toEqual([1, 2]);
      tf.dispose([shared, added]);
    });

    it("adds up a thousand parts as a loop in float32 does", () => {
      let sum = tf.keep(tf.zeros([3]));
      const expected = new Float32Array(3);
      for (let round = 0; round < 1000; round++) {
        const values = floats(3);
        const part = tf.tensor1d(values);
        sum = engine.routines.addInto(sum, part);
        part.dispose();
        for (let i = 0; i < 3; i++) expected[i] += values[i];
      }
      expect([...valuesOf(sum)]).toEqual([...expected]);
      sum.dispose();
    });
  });

  describe("sumOfSquares", () => {
    it("is that of all elements of all tensors, 0 of none", () => {
      expect(engine.routines.sumOfSquares([])).toBe(0);
      const values = [floats(3), floats(5000), floats(1)];
      const expected = values.flatMap((part) => [...part]).reduce((sum, value) => sum + value * value, 0);
      const tensors = values.map((part) => tf.tensor1d(part));
      const before = tf.memory().numTensors;
      const actual = engine.routines.sumOfSquares(tensors);
      // However the additions are ordered, n of positive numbers in float32 are off by n · 2⁻²⁴ at the most.
      expect(Math.abs(actual - expected) / expected).toBeLessThan(5004 * 2 ** -24);
      expect(tf.memory().numTensors).toBe(before);
      tf.dispose(tensors);
    });

    it("is not finite where an element is not", () => {
      const [fine, broken] = [tf.tensor1d([1, 2]), tf.tensor1d([1, NaN])];
      expect(engine.routines.sumOfSquares([fine, broken])).toBeNaN();
      tf.dispose([fine, broken]);
    });
  });

  describe("read and write", () => {
    it.each([
      [0, 12],
      [0, 5],
      [7, 5],
      [3, 4],
      [5, 0],
      [12, 0],
    ])("take numbers from %i on, %i of them, wherever rows end", (start, length) => {
      const [before, values] = [floats(12), floats(length)];
      const given = tf.tensor2d(before.slice(), [3, 4]);
      const variable = tf.variable(given);
      const count = tf.memory().numTensors;
      engine.routines.write(variable, start, values);
      const expected = before.slice();
      expected.set(values, start);
      expect([...valuesOf(variable)]).toEqual([...expected]);
      // What the variable was made of is a tensor of its own.
      expect([...valuesOf(given)]).toEqual([...before]);
      const read = new Float32Array(length);
      engine.routines.read(variable, start, read);
      expect([...read]).toEqual([...values]);
      // What was written stays the caller's to change.
      values.fill(9);
      expect([...valuesOf(variable)]).toEqual([...expected]);
      expect(tf.memory().numTensors).toBe(count);
      tf.dispose([given, variable]);
    });
  });
});
