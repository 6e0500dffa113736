import * as tf from "@tensorflow/tfjs"; // with gradients, for tf.grads
import { beforeAll, describe, expect, it } from "vitest";
import { fromTfjs, startEngine, valueAndGradients } from "../index.js";
import { centralDifferences, distance, enginesHere, seededFloats } from "../testing.js";
import { type OperationCase, operationCases } from "../testing/operation-cases.js";

const SEED = Number(process.env["TEST_SEED"] ?? 20261123);
const floats = seededFloats(SEED);

const engines = await enginesHere();
const cases = operationCases(floats);

/** A fixed random projection makes a scalar of any output. */
function projected(run: OperationCase["run"], inputs: tf.Tensor[], weights: tf.Tensor): tf.Scalar {
  const output = (run as (...inputs: tf.Tensor[]) => tf.Tensor)(...inputs);
  const project = fromTfjs((y) => tf.sum(tf.mul(y, weights)));
  return project(output) as tf.Scalar;
}

function weightsFor({ run }: OperationCase, inputs: tf.Tensor[]): tf.Tensor {
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
