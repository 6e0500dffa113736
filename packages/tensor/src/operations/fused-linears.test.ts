import type { WeightMatrix } from "@lathe/kernels";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  add,
  crossEntropyHead,
  dropout,
  fromTfjs,
  fusedLinears,
  fusesLinears,
  headLosses,
  linear,
  type LinearTerms,
  listEngines,
  MissingKernelError,
  scale,
  ShapeError,
  startEngine,
  tensorMemory,
  valueAndGradients,
  withDropout,
} from "../index.js";
import type { Precision } from "../engine.js";
import { distance, seededFloats } from "../testing.js";

const SEED = Number(process.env["TEST_SEED"] ?? 31);
const floats = seededFloats(SEED);
const random = (...shape: number[]): tf.Tensor => tf.tensor(floats(shape.reduce((a, b) => a * b, 1)), shape);

const native = listEngines().find(({ name }) => name === "native")!;
const reason = await native.probe();

/** A frozen matrix as kernels take it and as a tensor. */
function frozen(outFeatures: number, inFeatures: number): { weight: WeightMatrix; tensor: tf.Tensor2D } {
  const codes = floats(outFeatures * inFeatures);
  return {
    weight: { format: "fp32", shape: [outFeatures, inFeatures], codes, scales: null },
    tensor: tf.tensor2d(codes.slice(), [outFeatures, inFeatures]),
  };
}

const key = { seed: 3, step: 2, microBatch: 1 };

/** The largest difference of two vectors by the largest magnitude in the second. */
function relativeToLargest(a: Float32Array, b: Float32Array): number {
  const largest = b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i])), 0) / largest;
}

describe.skipIf(reason !== null)(`fused linears on native (seed ${SEED})`, () => {
  beforeAll(() => startEngine("native", "fp32"));
  afterAll(() => startEngine("native", "fp32"));

  /** Three linears of one x: adapted, plain with a bias, adapted with dropout. The second output may be left unused. */
  function setUp(rows: number) {
    const [first, second, third] = [frozen(9, 7), frozen(4, 7), frozen(5, 7)];
    const x = random(rows, 7) as tf.Tensor2D;
    const bias = random(4) as tf.Tensor1D;
    const [a1, b1, a3, b3] = [random(3, 7), random(9, 3), random(2, 7), random(5, 2)] as tf.Tensor2D[];
    const terms: LinearTerms[] = [
      { weight: first.weight, bias: null, update: { a: a1, b: b1, scale: 0.7, dropout: 0, site: "first" } },
      { weight: second.weight, bias, update: null },
      { weight: third.weight, bias: null, update: { a: a3, b: b3, scale: -2, dropout: 0.4, site: "third" } },
    ];
    const apart = (): tf.Tensor2D[] => [
      add(linear(x, first.tensor, null, "OI"), linear(scale(linear(x, a1, null, "OI"), 0.7), b1, null, "OI")),
      linear(x, second.tensor, bias, "OI"),
      add(
        linear(x, third.tensor, null, "OI"),
        linear(scale(linear(dropout(x, 0.4, "third"), a3, null, "OI"), -2), b3, null, "OI"),
      ),
    ];
    return { x, terms, apart, watched: [x, a1, b1, a3, b3] };
  }

  /** Any scalar of outputs: Σ (y · y), without those that are not used. */
  const scalarOf = (outputs: tf.Tensor2D[], used: readonly boolean[]): tf.Scalar => {
    const parts = outputs.flatMap((y, index) => (used[index] ? [sumOfSquares(y)] : []));
    return parts.reduce((sum, part) => add(sum, part));
  };
  const sumOfSquares = fromTfjs((y) => tf.sum<tf.Scalar>(tf.mul(y, y)));

  it.each([
    [1, [true, true, true]],
    [6, [true, true, true]],
    [13, [true, false, true]],
    [13, [false, true, false]],
  ] as const)("%i rows, outputs used %j: as one after the other", (rows, used) => {
    const { x, terms, apart, watched } = setUp(rows);
    const run = (outputs: () => tf.Tensor2D[]) =>
      valueAndGradients(() => withDropout(key, () => tf.tidy(() => scalarOf(outputs(), used))), watched);
    const [together, expected] = [run(() => fusedLinears(x, terms)), run(apart)];
    expect(distance(together.value.dataSync(), expected.value.dataSync())).toBeLessThan(1e-5);
    expected.gradients.forEach((gradient, index) => {
      const actual = together.gradients[index];
      if (gradient === null) expect(actual).toBeNull();
      else expect(distance(actual!.dataSync(), gradient.dataSync()), `input ${index}`).toBeLessThan(1e-5);
    });
  });

  it("gives updates their gradients where x has none, and the other way round", () => {
    const { x, terms, watched } = setUp(6);
    const used = [true, true, true];
    const run = (some: tf.Tensor[]) =>
      valueAndGradients(
        () => withDropout(key, () => tf.tidy(() => scalarOf(fusedLinears(x, terms), used))),
        some,
      );
    const all = run(watched).gradients.map((gradient) => gradient!.dataSync());
    const updates = run(watched.slice(1)).gradients.map((gradient) => gradient!.dataSync());
    expect(updates).toEqual(all.slice(1));
    expect(run([x]).gradients[0]!.dataSync()).toEqual(all[0]);
  });

  it.each(["fp32", "bf16", "int8"] as Precision[])(
    "frees everything but its results in %s",
    async (precision) => {
      await startEngine("native", precision);
      const { x, terms, watched } = setUp(6);
      const before = tf.memory();
      const { value, gradients } = valueAndGradients(
        () => withDropout(key, () => tf.tidy(() => scalarOf(fusedLinears(x, terms), [true, true, true]))),
        watched,
      );
      tf.dispose([value, ...gradients.filter((gradient) => gradient !== null)]);
      expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes });
      await startEngine("native", "fp32");
    },
  );

  it("keeps activations in half the bytes with bf16, and changes gradients by no more than their rounding", async () => {
    const { x, terms, watched } = setUp(64);
    const kept: number[] = [];
    const results: Float32Array[][] = [];
    for (const precision of ["fp32", "bf16"] as const) {
      await startEngine("native", precision);
      const { gradients } = valueAndGradients(
        () =>
          withDropout(key, () => {
            const before = tensorMemory().bytes;
            const outputs = fusedLinears(x, terms);
            const ofOutputs = outputs.reduce((sum, { size }) => sum + size * 4, 0);
            kept.push(tensorMemory().bytes - before - ofOutputs);
            return scalarOf(outputs, [true, true, true]);
          }),
        watched,
      );
      results.push(gradients.map((gradient) => gradient!.dataSync() as Float32Array));
    }
    await startEngine("native", "fp32");
    // The inner products of both updates, [64, 3] and [64, 2], are kept as they are.
    const inner = 64 * (3 + 2) * 4;
    // In float32 the rows of x are kept where they lie, in bfloat16 beside them.
    expect(kept).toEqual([inner, inner + (64 * 7 * 4) / 2]);
    results[0].forEach((gradient, index) => {
      expect(relativeToLargest(results[1][index], gradient), `input ${index}`).toBeLessThan(2 ** -7);
    });
    expect(results[1][1]).not.toEqual(results[0][1]);
  });

  it.each([
    ["x", (x: tf.Tensor2D) => x.reshape([7, 6])],
    ["bias", null],
  ])("refuses a wrong %s", (name, change) => {
    const { x, terms } = setUp(6);
    const given = change ? (change(x) as tf.Tensor2D) : x;
    const wrong = change ? terms : [{ ...terms[1], bias: tf.tensor1d([1, 2]) }];
    expect(() => fusedLinears(given, wrong)).toThrow(ShapeError);
    expect(() => fusedLinears(given, wrong)).toThrow(name);
  });
});

describe.skipIf(reason !== null)("fused head on native", () => {
  beforeAll(() => startEngine("native", "fp32"));

  it.each([1, 2, 5, 64])("in chunks of %i rows: as projection and loss apart", (chunkRows) => {
    const { weight, tensor } = frozen(11, 6);
    const bias = random(11) as tf.Tensor1D;
    const hidden = random(5, 6) as tf.Tensor2D;
    const targets = Int32Array.of(0, 10, 3, 3, 7);
    const project = (rows: tf.Tensor2D) => linear(rows, tensor, bias, "OI");
    const terms = { weight, bias, update: null };
    const [fused, apart] = [{ project, terms }, { project }].map((head) => ({
      ...valueAndGradients(() => crossEntropyHead(hidden, targets, head, 11, chunkRows), [hidden]),
      losses: headLosses(hidden, targets, head, 11, chunkRows),
    }));
    expect(distance(fused.losses, apart.losses)).toBeLessThan(1e-6);
    expect(distance(fused.value.dataSync(), apart.value.dataSync())).toBeLessThan(1e-6);
    expect(distance(fused.gradients[0]!.dataSync(), apart.gradients[0]!.dataSync())).toBeLessThan(1e-5);
  });

  it("refuses a target outside the vocabulary and leaves nothing behind", () => {
    const { weight } = frozen(4, 3);
    const hidden = random(2, 3) as tf.Tensor2D;
    const before = tf.memory().numTensors;
    const head = { project: () => hidden, terms: { weight, bias: null, update: null } };
    expect(() => crossEntropyHead(hidden, Int32Array.of(1, 4), head, 4)).toThrow(/target 4/);
    expect(tf.memory().numTensors).toBe(before);
  });
});

it("says which engines do not fuse", async () => {
  await startEngine("cpu");
  expect(fusesLinears()).toBe(false);
  expect(() => fusedLinears(tf.zeros([1, 1]), [])).toThrow(
    new MissingKernelError("cpu", "fusedLinears", "it"),
  );
});
