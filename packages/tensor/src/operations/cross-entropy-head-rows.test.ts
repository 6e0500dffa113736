import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import {
  crossEntropyHead,
  crossEntropyHeadRows,
  crossEntropy,
  linear,
  scalarFunction,
  startEngine,
  valueAndGradients,
  type OutputHead,
} from "../index.js";
import { centralDifferences, distance, enginesHere, seededFloats } from "../testing.js";

const SEED = Number(process.env["TEST_SEED"] ?? 281114);
const floats = seededFloats(SEED);
const targets = Int32Array.of(1, 5, 0, 2, 2);
const weights = floats(5);

/** A loss that is no sum: a weight a row, and a bend. */
const bent = (losses: tf.Tensor1D): tf.Scalar =>
  scalarFunction(losses, (values) => {
    const inner = values.reduce((sum, value, row) => sum + value * weights[row], 0);
    return { value: Math.sin(inner), gradient: weights.map((weight) => weight * Math.cos(inner)) };
  });

describe.each(await enginesHere())(`on %s (seed ${SEED})`, (engine) => {
  beforeAll(() => startEngine(engine, "fp32"));

  const frozen = (weight: tf.Tensor2D): OutputHead => ({ project: (rows) => linear(rows, weight) });
  /** One that says what it multiplies with, which engines with a kernel for the head use. */
  const known = (weight: tf.Tensor2D): OutputHead => ({
    ...frozen(weight),
    terms: {
      weight: {
        format: "fp32",
        shape: [6, 3],
        codes: tf.tidy(() => tf.transpose(weight).dataSync() as Float32Array),
        scales: null,
      },
      bias: null,
      update: null,
    },
  });

  it.each([1, 2, 5])("gives the losses of rows, %i at a time", (chunkRows) => {
    const [hidden, weight] = [tf.tensor2d(floats(15), [5, 3]), tf.tensor2d(floats(18), [3, 6])];
    const expected = crossEntropy(linear(hidden, weight), targets).dataSync();
    const losses = crossEntropyHeadRows(hidden, targets, frozen(weight), 6, chunkRows);
    expect(distance(losses.dataSync(), expected)).toBeLessThan(1e-6);
    tf.dispose([hidden, weight, losses]);
  });

  it.each(["hidden states alone", "the head alone", "both"])("has the gradient by %s", (what) => {
    const hidden = tf.tensor2d(floats(15), [5, 3]);
    const weight = tf.tensor2d(floats(18), [3, 6]);
    const inputs = what === "both" ? [hidden, weight] : what === "the head alone" ? [weight] : [hidden];
    const loss = (h: tf.Tensor2D, w: tf.Tensor2D): tf.Scalar =>
      tf.tidy(() => bent(crossEntropyHeadRows(h, targets, frozen(w), 6, 2)));
    const before = tf.memory().numTensors;
    const { value, gradients } = valueAndGradients(() => loss(hidden, weight), inputs);
    expect(tf.memory().numTensors).toBe(before + 1 + inputs.length);
    inputs.forEach((input, index) => {
      const expected = centralDifferences(
        (moved) => (input === hidden ? loss(moved, weight) : loss(hidden, moved)),
        input,
      );
      expect(distance(gradients[index]!.dataSync(), expected)).toBeLessThan(2e-3);
    });
    tf.dispose([value, ...gradients.filter((one) => one !== null), hidden, weight]);
  });

  it("is the head with its summed loss where every row weighs 1, by the engine's kernel too", () => {
    const [hidden, weight] = [tf.tensor2d(floats(15), [5, 3]), tf.tensor2d(floats(18), [3, 6])];
    const sum = (losses: tf.Tensor1D): tf.Scalar =>
      scalarFunction(losses, (values) => ({
        value: values.reduce((total, value) => total + value, 0),
        gradient: values.map(() => 1),
      }));
    const gradientOf = (run: () => tf.Scalar): Float32Array =>
      valueAndGradients(() => tf.tidy(run), [hidden]).gradients[0]!.dataSync() as Float32Array;
    const head = known(weight);
    const right = gradientOf(() => crossEntropyHead(hidden, targets, frozen(weight), 6));
    expect(
      distance(
        gradientOf(() => sum(crossEntropyHeadRows(hidden, targets, head, 6))),
        right,
      ),
    ).toBeLessThan(1e-6);
  });
});

it("names a gradient of another length than the values", async () => {
  await startEngine("cpu");
  const values = tf.tensor1d([1, 2]);
  expect(() => scalarFunction(values, () => ({ value: 1, gradient: [1] }))).toThrow("2 in all, got 1");
});
