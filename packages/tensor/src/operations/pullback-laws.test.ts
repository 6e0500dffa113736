/** What holds of the gradients of every operation, and of a small model made of them, whatever the operation computes. */
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import {
  add,
  attention,
  type AttentionShape,
  crossEntropyHead,
  dropout,
  embedding,
  fromTfjs,
  linear,
  recompute,
  reshape,
  rmsNorm,
  rope,
  rotaryAngles,
  startEngine,
  swiglu,
  valueAndGradients,
  withDropout,
} from "../index.js";
import { distance, enginesHere, seededFloats } from "../testing.js";
import { type OperationCase, operationCases } from "../testing/operation-cases.js";

const SEED = Number(process.env["TEST_SEED"] ?? 20261129);
const floats = seededFloats(SEED);
const dropoutKey = { seed: 8, step: 3, microBatch: 0 };

const ids = Int32Array.of(3, 1, 4, 1, 5, 0, 2);
const targets = Int32Array.of(1, 4, 1, 5, 9, 2, 6);
/** Sequences of three and of four rows. */
const shape: AttentionShape = {
  headCount: 2,
  keyValueHeadCount: 1,
  keySize: 4,
  valueSize: 4,
  scale: 0.5,
  querySegments: Int32Array.of(0, 3, 7),
  keySegments: Int32Array.of(0, 3, 7),
};
const angles = rotaryAngles(Int32Array.of(0, 1, 2, 0, 1, 2, 3), Float64Array.of(1, 0.1));
const random = (...size: number[]): tf.Tensor => tf.tensor(floats(size.reduce((a, b) => a * b, 1)), size);

/** A layer of a decoder, as models have it. @param x [7, 8] */
function layer(x: tf.Tensor2D, [norm, q, k, v, o, gate, up, down]: readonly tf.Tensor[]): tf.Tensor2D {
  const heads = (weight: tf.Tensor, of: tf.Tensor2D, count: number): tf.Tensor3D =>
    reshape<tf.Tensor3D>(linear(of, weight as tf.Tensor2D, null, "OI"), [7, count, 4]);
  const rows = rmsNorm(x, norm as tf.Tensor1D, 1e-5);
  const attended = attention(
    rope(heads(q, rows, 2), angles),
    rope(heads(k, rows, 1), angles),
    heads(v, rows, 1),
    shape,
  );
  const mixed = linear(reshape<tf.Tensor2D>(attended, [7, 8]), o as tf.Tensor2D, null, "OI");
  const residual = add(x, dropout(mixed, 0.2, "attention"));
  const hidden = swiglu(
    linear(residual, gate as tf.Tensor2D, null, "OI"),
    linear(residual, up as tf.Tensor2D, null, "OI"),
  );
  return add(residual, linear(hidden, down as tf.Tensor2D, null, "OI"));
}

/** A decoder of one layer with a tied head and the loss of its rows. @param again whether the layer is computed again */
const decoder = (again: boolean): OperationCase => ({
  name: again ? "a decoder whose layer is computed again" : "a decoder",
  inputs: () => [
    random(10, 8),
    tf.ones([8]),
    ...[random(8, 8), random(4, 8), random(4, 8), random(8, 8)],
    ...[random(6, 8), random(6, 8), random(8, 6)],
  ],
  run: (table: tf.Tensor2D, ...weights: tf.Tensor[]) =>
    withDropout(dropoutKey, () => {
      const body = (x: tf.Tensor, ...all: tf.Tensor[]): tf.Tensor2D => layer(x as tf.Tensor2D, all);
      const x = embedding(table, ids);
      const hidden = again ? recompute(body, x, ...weights) : body(x, ...weights);
      return crossEntropyHead(hidden, targets, { project: (rows) => linear(rows, table, null, "OI") }, 10, 3);
    }),
});

const cases = [...operationCases(floats), decoder(false), decoder(true)];

const outputOf = ({ run }: OperationCase, inputs: readonly tf.Tensor[]): tf.Tensor =>
  (run as (...inputs: tf.Tensor[]) => tf.Tensor)(...inputs);

/** The gradients of an operation's inputs, given that of its output. */
function pulledBack(entry: OperationCase, inputs: readonly tf.Tensor[], given: tf.Tensor): Float32Array[] {
  const project = fromTfjs((y) => tf.sum(tf.mul(y, given)));
  const { value, gradients } = valueAndGradients(
    () => tf.tidy(() => project(outputOf(entry, inputs)) as tf.Scalar),
    inputs,
  );
  const read = gradients.map((gradient) => gradient!.dataSync<"float32">().slice());
  tf.dispose([value, ...gradients.map((gradient) => gradient!)]);
  return read;
}

/** What an operation makes of inputs that are moved. */
function projectedAt(
  entry: OperationCase,
  inputs: readonly tf.Tensor[],
  directions: readonly tf.Tensor[],
  step: number,
  given: tf.Tensor,
): number {
  return tf.tidy(() => {
    const moved = inputs.map((input, i) => tf.add(input, tf.mul(directions[i], step)));
    const output = outputOf(entry, moved).dataSync() as Float32Array;
    const factors = given.dataSync() as Float32Array;
    return output.reduce((sum, value, i) => sum + value * factors[i], 0);
  });
}

const alike = (tensor: tf.Tensor): tf.Tensor => tf.tensor(floats(tensor.size), tensor.shape);

describe.each(await enginesHere())(`pullbacks on %s (seed ${SEED})`, (engine) => {
  beforeAll(() => startEngine(engine, "fp32"));

  describe.each(cases)("of $name", (entry) => {
    it("say how the result grows when all inputs move at once", () => {
      const inputs = entry.inputs();
      const given = alike(outputOf(entry, inputs));
      const directions = inputs.map(alike);
      const gradients = pulledBack(entry, inputs, given);
      const expected = gradients.reduce((sum, gradient, i) => {
        const direction = directions[i].dataSync();
        return sum + gradient.reduce((part, value, j) => part + value * direction[j], 0);
      }, 0);
      const step = 5e-3;
      const [above, below] = [step, -step].map((by) => projectedAt(entry, inputs, directions, by, given));
      // Each term rounds by itself: the error is held to the size of the largest of them.
      const size = gradients.reduce((most, gradient) => Math.max(most, Math.hypot(...gradient)), 1);
      expect(Math.abs((above - below) / (2 * step) - expected) / size).toBeLessThan(5e-3);
    });

    it("are linear in the gradient that they are given, and nothing of one of zeros", () => {
      const inputs = entry.inputs();
      const [one, other] = [0, 1].map(() => alike(outputOf(entry, inputs)));
      const both = tf.sub(tf.mul(one, 2), tf.mul(other, 3));
      const [ofOne, ofOther, ofBoth, ofZeros] = [one, other, both, tf.zerosLike(one)].map((given) =>
        pulledBack(entry, inputs, given),
      );
      ofBoth.forEach((gradient, i) => {
        const expected = gradient.map((_, j) => 2 * ofOne[i][j] - 3 * ofOther[i][j]);
        expect(distance(gradient, expected), `input ${i}`).toBeLessThan(2e-5);
      });
      for (const gradient of ofZeros) expect(gradient.every((value) => value === 0)).toBe(true);
    });

    it("leave the inputs and the given gradient as they are, and have the same bits each time", () => {
      const inputs = entry.inputs();
      const given = alike(outputOf(entry, inputs));
      const all = [...inputs, given];
      const before = all.map((tensor) => tensor.dataSync<"float32">().slice());
      const [first, second] = [0, 1].map(() => pulledBack(entry, inputs, given));
      all.forEach((tensor, i) => expect([...tensor.dataSync()]).toEqual([...before[i]]));
      first.forEach((gradient, i) => expect([...second[i]]).toEqual([...gradient]));
    });

    it("are the same of inputs that are views of other tensors", () => {
      const inputs = entry.inputs();
      const given = alike(outputOf(entry, inputs));
      const views = inputs.map((input) => tf.reshape(tf.reshape(input, [-1]), input.shape));
      const [ofInputs, ofViews] = [inputs, views].map((of) => pulledBack(entry, of, given));
      ofInputs.forEach((gradient, i) => expect([...ofViews[i]]).toEqual([...gradient]));
    });
  });

  it("of a layer that is computed again have the bits of one that is kept", () => {
    const inputs = decoder(false).inputs();
    const given = tf.scalar(1);
    const [kept, again] = [decoder(false), decoder(true)].map((entry) => pulledBack(entry, inputs, given));
    kept.forEach((gradient, i) => expect([...again[i]]).toEqual([...gradient]));
  });
});
