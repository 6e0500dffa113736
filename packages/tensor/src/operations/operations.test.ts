import * as tf from "@tensorflow/tfjs"; // with gradients, for tf.grads
import { beforeAll, describe, expect, it } from "vitest";
import {
  activeTape,
  add,
  attention,
  type AttentionShape,
  recompute,
  crossEntropy,
  crossEntropyHead,
  dropout,
  embedding,
  embeddingNoise,
  fromTfjs,
  linear,
  listEngines,
  multiplyRows,
  regularisedCrossEntropy,
  reshape,
  rmsNorm,
  rope,
  rotaryAngles,
  scale,
  startEngine,
  swiglu,
  Tape,
  valueAndGradients,
  withDropout,
  withTape,
} from "../index.js";
import type { Operation } from "../kernel.js";
import { centralDifferences, distance, seededFloats } from "../testing.js";
import { addOperation, multiplyOperation, reshapeOperation, scaleOperation } from "./arithmetic.js";
import { attentionOperation } from "./attention.js";
import { crossEntropyOperation } from "./cross-entropy.js";
import { dropoutOperation } from "./dropout.js";
import { embeddingNoiseOperation } from "./embedding-noise.js";
import { embeddingOperation } from "./embedding.js";
import { linearOperation } from "./linear.js";
import { regularisedCrossEntropyOperation } from "./regularised-cross-entropy.js";
import { rmsNormOperation } from "./rms-norm.js";
import { ropeOperation } from "./rope.js";
import { swigluOperation } from "./swiglu.js";

const SEED = Number(process.env["TEST_SEED"] ?? 20261123);
const floats = seededFloats(SEED);
const random = (...shape: number[]): tf.Tensor => tf.tensor(floats(shape.reduce((a, b) => a * b, 1)), shape);

const angles = rotaryAngles(Int32Array.of(0, 1, 2, 0, 1, 7), Float64Array.of(1, 0.1));
const shape: AttentionShape = {
  headCount: 4,
  keyValueHeadCount: 2,
  keySize: 4,
  valueSize: 4,
  scale: 0.5,
  // An empty sequence, one of a single row, one whose queries are the last two of three keys, and keys without a query.
  querySegments: Int32Array.of(0, 3, 3, 4, 6, 6),
  keySegments: Int32Array.of(0, 3, 3, 4, 7, 9),
};
const regularised = { labelSmoothing: 0.2, zLoss: 0.05 };
const key = { seed: 3, step: 2, microBatch: 1 };

/** The reference first, then every engine that runs here. */
const reasons = await Promise.all(
  listEngines().map(async (engine) => [engine.name, await engine.probe()] as const),
);
const engines = [
  "cpu",
  ...reasons.filter(([name, reason]) => name !== "cpu" && reason === null).map(([name]) => name),
];

interface Case {
  readonly name: string;
  readonly inputs: () => tf.Tensor[];
  readonly run: (...inputs: never[]) => tf.Tensor;
  /** The operation and its attributes, for `tf.grads` of the portable form. */
  readonly portable?: readonly [Operation<never>, unknown];
}

const cases: Case[] = [
  {
    name: "linear, weight [I, O], bias",
    inputs: () => [random(5, 3), random(3, 4), random(4)],
    run: (x: tf.Tensor2D, w: tf.Tensor2D, b: tf.Tensor1D) => linear(x, w, b),
    portable: [linearOperation, { layout: "IO" }],
  },
  {
    name: "linear, weight [O, I], one row",
    inputs: () => [random(1, 7), random(2, 7)],
    run: (x: tf.Tensor2D, w: tf.Tensor2D) => linear(x, w, null, "OI"),
    portable: [linearOperation, { layout: "OI" }],
  },
  {
    name: "embedding",
    inputs: () => [random(5, 3)],
    run: (table: tf.Tensor2D) => embedding(table, Int32Array.of(4, 0, 4, 2)),
    portable: [embeddingOperation, { ids: Int32Array.of(4, 0, 4, 2), rows: 5 }],
  },
  {
    name: "rmsNorm",
    inputs: () => [random(4, 6), random(6)],
    run: (x: tf.Tensor2D, w: tf.Tensor1D) => rmsNorm(x, w, 1e-5),
    portable: [rmsNormOperation, { epsilon: 1e-5 }],
  },
  {
    name: "rmsNorm of heads",
    inputs: () => [random(3, 2, 4), random(4)],
    run: (x: tf.Tensor3D, w: tf.Tensor1D) => rmsNorm(x, w, 1e-6),
    portable: [rmsNormOperation, { epsilon: 1e-6 }],
  },
  {
    name: "rope",
    inputs: () => [random(6, 3, 4)],
    run: (x: tf.Tensor3D) => rope(x, angles),
    portable: [ropeOperation, angles],
  },
  {
    name: "attention",
    inputs: () => [random(6, 4, 4), random(9, 2, 4), random(9, 2, 4)],
    run: (q: tf.Tensor3D, k: tf.Tensor3D, v: tf.Tensor3D) => attention(q, k, v, shape),
    portable: [attentionOperation, shape],
  },
  {
    name: "attention, values narrower than keys",
    inputs: () => [random(6, 4, 4), random(9, 2, 4), random(9, 2, 3)],
    run: (q: tf.Tensor3D, k: tf.Tensor3D, v: tf.Tensor3D) => attention(q, k, v, { ...shape, valueSize: 3 }),
    portable: [attentionOperation, { ...shape, valueSize: 3 }],
  },
  {
    name: "swiglu",
    inputs: () => [random(3, 5), random(3, 5)],
    run: (gate: tf.Tensor2D, up: tf.Tensor2D) => swiglu(gate, up),
    portable: [swigluOperation, null],
  },
  {
    name: "add",
    inputs: () => [random(3, 2), random(3, 2)],
    run: (a: tf.Tensor, b: tf.Tensor) => add(a, b),
    portable: [addOperation, null],
  },
  {
    name: "multiplyRows",
    inputs: () => [random(3, 2), random(2)],
    run: (x: tf.Tensor2D, row: tf.Tensor1D) => multiplyRows(x, row),
    portable: [multiplyOperation, null],
  },
  {
    name: "scale",
    inputs: () => [random(4)],
    run: (x: tf.Tensor) => scale(x, -1.5),
    portable: [scaleOperation, { factor: -1.5 }],
  },
  {
    name: "reshape",
    inputs: () => [random(4, 3)],
    run: (x: tf.Tensor) => reshape(x, [2, 6]),
    portable: [reshapeOperation, { shape: [2, 6], from: [4, 3] }],
  },
  {
    name: "dropout",
    inputs: () => [random(7, 3)],
    run: (x: tf.Tensor) => withDropout(key, () => dropout(x, 0.4, "layer")),
    portable: [dropoutOperation, { rate: 0.4, key: [5, 9] }],
  },
  {
    name: "crossEntropy",
    inputs: () => [random(4, 5)],
    run: (logits: tf.Tensor2D) => crossEntropy(logits, Int32Array.of(0, 4, 2, 2)),
    portable: [crossEntropyOperation, { targets: Int32Array.of(0, 4, 2, 2) }],
  },
  {
    name: "regularisedCrossEntropy",
    inputs: () => [random(4, 5)],
    run: (logits: tf.Tensor2D) => regularisedCrossEntropy(logits, Int32Array.of(0, 4, 2, 2), regularised),
    portable: [regularisedCrossEntropyOperation, { targets: Int32Array.of(0, 4, 2, 2), ...regularised }],
  },
  {
    name: "crossEntropyHead with a smoothed label, in chunks",
    inputs: () => [random(5, 3), random(3, 6)],
    // Under a tape of its own where none is active: the settings count in training alone.
    run: (hidden: tf.Tensor2D, w: tf.Tensor2D) =>
      withTape(activeTape() ?? new Tape(), () =>
        crossEntropyHead(
          hidden,
          Int32Array.of(1, 5, 0, 2, 2),
          { project: (rows) => linear(rows, w) },
          6,
          2,
          regularised,
        ),
      ),
  },
  {
    name: "embeddingNoise",
    inputs: () => [random(6, 3)],
    run: (x: tf.Tensor2D) =>
      withDropout(key, () => embeddingNoise(x, 5, Int32Array.of(0, 2, 2, 6), "embedding")),
    portable: [embeddingNoiseOperation, { alpha: 5, segments: Int32Array.of(0, 2, 2, 6), key: [5, 9] }],
  },
  {
    name: "crossEntropyHead in chunks, trainable head",
    inputs: () => [random(5, 3), random(3, 6)],
    run: (hidden: tf.Tensor2D, w: tf.Tensor2D) =>
      crossEntropyHead(hidden, Int32Array.of(1, 5, 0, 2, 2), { project: (rows) => linear(rows, w) }, 6, 2),
  },
  {
    name: "fromTfjs",
    inputs: () => [random(3, 4), random(3, 4)],
    run: fromTfjs((a, b) => tf.mul(tf.tanh(a), tf.exp(b))),
  },
  {
    name: "recomputed block with a residual",
    inputs: () => [random(4, 6), random(6), random(6, 6)],
    run: (x: tf.Tensor2D, norm: tf.Tensor1D, w: tf.Tensor2D) =>
      recompute(
        (y, n, m) =>
          add(y as tf.Tensor2D, linear(rmsNorm(y as tf.Tensor2D, n as tf.Tensor1D, 1e-5), m as tf.Tensor2D)),
        x,
        norm,
        w,
      ),
  },
];

/** A fixed random projection makes a scalar of any output. */
function projected(run: Case["run"], inputs: tf.Tensor[], weights: tf.Tensor): tf.Scalar {
  const output = (run as (...inputs: tf.Tensor[]) => tf.Tensor)(...inputs);
  const project = fromTfjs((y) => tf.sum(tf.mul(y, weights)));
  return project(output) as tf.Scalar;
}

function weightsFor({ run }: Case, inputs: tf.Tensor[]): tf.Tensor {
  const output = tf.tidy(() => (run as (...inputs: tf.Tensor[]) => tf.Tensor)(...inputs));
  const weights = tf.tensor(seededFloats(SEED + 1)(output.size), output.shape);
  output.dispose();
  return weights;
}

describe.each(engines)("on %s (seed " + SEED + ")", (engine) => {
  beforeAll(() => startEngine(engine, "fp32"));

  describe.each(cases)("$name", (entry) => {
    it("agrees with central differences", () => {
      const inputs = entry.inputs();
      const weights = weightsFor(entry, inputs);
      const { value, gradients } = valueAndGradients(() => projected(entry.run, inputs, weights), inputs);
      inputs.forEach((input, index) => {
        const expected = centralDifferences((moved) => {
          const all = [...inputs];
          all[index] = moved;
          return projected(entry.run, all, weights);
        }, input);
        expect(gradients[index], `gradient of input ${index}`).not.toBeNull();
        expect(gradients[index]?.shape).toEqual(input.shape);
        expect(distance(gradients[index]!.dataSync(), expected), `input ${index}`).toBeLessThan(2e-3);
      });
      tf.dispose([value, ...gradients.filter((g) => g !== null), ...inputs, weights]);
    });

    it("gives each gradient the same when it alone is asked for", () => {
      const inputs = entry.inputs();
      const weights = weightsFor(entry, inputs);
      const all = valueAndGradients(() => projected(entry.run, inputs, weights), inputs);
      inputs.forEach((input, index) => {
        const one = valueAndGradients(() => projected(entry.run, inputs, weights), [input]);
        expect([...one.gradients[0]!.dataSync()]).toEqual([...all.gradients[index]!.dataSync()]);
      });
    });

    it("frees everything but its results", () => {
      const inputs = entry.inputs();
      const weights = weightsFor(entry, inputs);
      const before = tf.memory();
      const { value, gradients } = valueAndGradients(
        () => tf.tidy(() => projected(entry.run, inputs, weights)),
        inputs,
      );
      expect(tf.memory().numTensors).toBe(before.numTensors + 1 + gradients.length);
      tf.dispose([value, ...gradients.filter((g) => g !== null)]);
      expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes });
      tf.dispose([inputs, weights]);
    });
  });
});

describe("pullbacks against tf.grads of the portable forward", () => {
  beforeAll(() => startEngine("cpu"));

  it.each(cases.filter((entry) => entry.portable))("$name", (entry) => {
    const [operation, attributes] = entry.portable!;
    const inputs = entry.inputs();
    const needed = inputs.map(() => true);
    const forward = (...all: tf.Tensor[]): tf.Tensor =>
      operation.forward(all, attributes as never, needed, null).output;
    const { output, saved } = operation.forward(inputs, attributes as never, needed, null);
    const dy = tf.tensor(floats(output.size), output.shape);
    const expected = tf.grads(forward)(inputs, dy);
    const actual = operation.pullback(dy, saved, attributes as never, needed);
    expected.forEach((gradient, index) => {
      expect(distance(actual[index]!.dataSync(), gradient.dataSync()), `input ${index}`).toBeLessThan(1e-5);
    });
  });
});

describe.each(engines.slice(1))("%s agrees with cpu", (other) => {
  it.each(cases)("$name", async (entry) => {
    const results: Float32Array[][] = [];
    await startEngine("cpu");
    const values = entry
      .inputs()
      .map((input) => ({ shape: input.shape, data: input.dataSync() as Float32Array }));
    for (const engine of ["cpu", other]) {
      await startEngine(engine, "fp32");
      const inputs = values.map(({ shape, data }) => tf.tensor(Float32Array.from(data), shape));
      const weights = weightsFor(entry, inputs);
      const { value, gradients } = valueAndGradients(() => projected(entry.run, inputs, weights), inputs);
      results.push([value, ...gradients].map((tensor) => tensor!.dataSync() as Float32Array));
    }
    results[0].forEach((expected, index) => expect(distance(results[1][index], expected)).toBeLessThan(2e-6));
  });
});

describe.each(engines)("%s, in operations of a user's own", (engine) => {
  it.each([NaN, Infinity, 0, -2])("multiplies by %f as numbers do", async (factor) => {
    await startEngine(engine, "fp32");
    const product = tf.tidy(() => tf.mul(tf.tensor1d([1, -3, 0]), tf.scalar(factor)).dataSync());
    expect([...product]).toEqual([1, -3, 0].map((value) => value * factor));
  });
});
