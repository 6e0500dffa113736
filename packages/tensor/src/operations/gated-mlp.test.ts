import type { WeightMatrix } from "@lathe/kernels";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, describe, expect, it } from "vitest";
import {
  add,
  recompute,
  fromTfjs,
  fusesGatedMlp,
  gatedMlp,
  type GatedMlpTerms,
  linear,
  type LinearTerms,
  listEngines,
  type LowRankTerm,
  rmsNorm,
  scale,
  ShapeError,
  startEngine,
  tensorMemory,
  swiglu,
  valueAndGradients,
  withDropout,
} from "../index.js";
import { seededFloats } from "../testing.js";

const SEED = Number(process.env["TEST_SEED"] ?? 47);
const floats = seededFloats(SEED);
const random = (...shape: number[]): tf.Tensor => tf.tensor(floats(shape.reduce((a, b) => a * b, 1)), shape);

const native = listEngines().find(({ name }) => name === "native")!;
const reason = await native.probe();

const [h, f] = [24, 70];

function frozen(outFeatures: number, inFeatures: number): WeightMatrix {
  const codes = floats(outFeatures * inFeatures).map((value) => value / Math.sqrt(inFeatures));
  return { format: "fp32", shape: [outFeatures, inFeatures], codes, scales: null };
}

const key = { seed: 3, step: 2, microBatch: 1 };

describe.skipIf(reason !== null)(`gated MLP on native (seed ${SEED})`, () => {
  afterAll(() => startEngine("native", "fp32"));

  function update(outFeatures: number, inFeatures: number, dropout: number, site: string): LowRankTerm {
    return {
      a: random(3, inFeatures) as tf.Tensor2D,
      b: random(outFeatures, 3) as tf.Tensor2D,
      scale: 0.4,
      dropout,
      site,
    };
  }

  /** Terms with updates in the places named, and the same MLP out of parts in float32. */
  function setUp(adapted: readonly string[], dropout: number) {
    const term = (name: string, outFeatures: number, inFeatures: number, bias: boolean): LinearTerms => ({
      weight: frozen(outFeatures, inFeatures),
      bias: bias ? (random(outFeatures) as tf.Tensor1D) : null,
      update: adapted.includes(name)
        ? update(outFeatures, inFeatures, name === "down" ? 0 : dropout, name)
        : null,
    });
    const terms: GatedMlpTerms = {
      gate: term("gate", f, h, true),
      up: term("up", f, h, false),
      down: term("down", h, f, true),
    };
    const dense = ({ weight: { codes, shape } }: LinearTerms): tf.Tensor2D =>
      tf.tensor2d((codes as Float32Array).slice(), [...shape]);
    const apply = (x: tf.Tensor2D, given: LinearTerms): tf.Tensor2D => {
      const y = linear(x, dense(given), given.bias, "OI");
      const { update: low } = given;
      if (!low) return y;
      return add(y, linear(scale(linear(x, low.a, null, "OI"), low.scale), low.b, null, "OI"));
    };
    const parts = (x: tf.Tensor2D): tf.Tensor2D =>
      apply(swiglu(apply(x, terms.gate), apply(x, terms.up)), terms.down);
    const watched = Object.values(terms).flatMap(({ update: low }) => (low ? [low.a, low.b] : []));
    return { terms, parts, watched };
  }

  const sumOfSquares = fromTfjs((y) => tf.sum<tf.Scalar>(tf.mul(y, y)));
  const run = (
    compute: (x: tf.Tensor2D) => tf.Tensor2D,
    x: tf.Tensor2D,
    watched: readonly tf.Tensor[],
  ): { value: number; gradients: Float32Array[] } => {
    const { value, gradients } = valueAndGradients(
      () => withDropout(key, () => tf.tidy(() => sumOfSquares(compute(x)))),
      [...watched],
    );
    const values = gradients.map((gradient) => gradient!.dataSync() as Float32Array);
    tf.dispose([...gradients.filter((gradient) => gradient !== null)]);
    const sum = value.dataSync()[0];
    value.dispose();
    return { value: sum, gradients: values };
  };

  /** The distance of two vectors by the length of the second. */
  const relative = (a: Float32Array, b: Float32Array): number => {
    const length = (values: Float32Array): number => Math.hypot(...values);
    return length(a.map((value, i) => value - b[i])) / length(b);
  };

  it.each([
    ["bf16", []],
    ["bf16", ["gate"]],
    ["bf16", ["down"]],
    ["bf16", ["gate", "up", "down"]],
    ["int8", ["up"]],
  ] as const)(
    "%s, updates of %j: within the rounding of its parts in float32",
    async (precision, adapted) => {
      await startEngine("native", "fp32");
      const { terms, parts, watched } = setUp(adapted, 0);
      const x = random(40, h) as tf.Tensor2D;
      expect(fusesGatedMlp(terms)).toBe(false);
      const expected = run(parts, x, [x, ...watched]);
      await startEngine("native", precision);
      const actual = run((rows) => gatedMlp(rows, terms), x, [x, ...watched]);
      const allowed = precision === "int8" ? 0.04 : 0.012;
      expect(Math.abs(actual.value / expected.value - 1)).toBeLessThan(allowed);
      for (const [index, gradient] of expected.gradients.entries()) {
        expect(relative(actual.gradients[index], gradient), `gradient ${index}`).toBeLessThan(allowed);
      }
    },
  );

  it("draws the masks of updates before both products, and none inside", async () => {
    await startEngine("native", "bf16");
    const { terms, watched } = setUp(["gate", "up"], 0.5);
    const x = random(30, h) as tf.Tensor2D;
    const first = run((rows) => gatedMlp(rows, terms), x, [x, ...watched]);
    const again = run((rows) => gatedMlp(rows, terms), x, [x, ...watched]);
    expect(again).toEqual(first);
    const { update: low } = terms.gate;
    const without = { ...terms, gate: { ...terms.gate, update: low && { ...low, dropout: 0 } } };
    expect(run((rows) => gatedMlp(rows, without), x, [x]).value).not.toBe(first.value);
    expect(fusesGatedMlp({ ...terms, down: { ...terms.down, update: update(h, f, 0.5, "down") } })).toBe(
      false,
    );
  });

  it("has the same bits when it is computed again, and behind a norm whose input is kept for it", async () => {
    await startEngine("native", "bf16");
    const { terms, parts, watched } = setUp(["gate"], 0);
    const x = random(33, h) as tf.Tensor2D;
    const weight = random(h) as tf.Tensor1D;
    const block = (rows: tf.Tensor): tf.Tensor2D =>
      tf.tidy(() => gatedMlp(rmsNorm(rows as tf.Tensor2D, weight, 1e-6), terms));
    const all = [x, weight, ...watched];
    const direct = run(block, x, all);
    expect(run((rows) => recompute(block, rows), x, all)).toEqual(direct);
    await startEngine("native", "fp32");
    const exact = run((rows) => parts(rmsNorm(rows, weight, 1e-6)), x, all);
    for (const [index, gradient] of exact.gradients.entries()) {
      expect(relative(direct.gradients[index], gradient), `gradient ${index}`).toBeLessThan(0.012);
    }
  });

  it.each(["bf16", "int8"] as const)("frees everything but its results in %s", async (precision) => {
    await startEngine("native", precision);
    const { terms, watched } = setUp(["gate", "up", "down"], 0.3);
    const x = random(9, h) as tf.Tensor2D;
    const before = tf.memory();
    run((rows) => gatedMlp(rows, terms), x, [x, ...watched]);
    expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes });
  });

  it("keeps gate and up in a byte a number", async () => {
    await startEngine("native", "bf16");
    const { terms } = setUp([], 0);
    const x = random(64, h) as tf.Tensor2D;
    let kept = 0;
    const { value, gradients } = valueAndGradients(() => {
      const before = tensorMemory().bytes;
      const y = gatedMlp(x, terms);
      kept = tensorMemory().bytes - before - y.size * 4;
      return tf.tidy(() => sumOfSquares(y));
    }, [x]);
    tf.dispose([value, ...gradients.filter((gradient) => gradient !== null)]);
    // Codes of both, and a scale for each block of 64.
    expect(kept).toBe(2 * 64 * (f + 2 * 4));
  });

  it("refuses what does not fit", async () => {
    await startEngine("native", "bf16");
    const { terms } = setUp([], 0);
    const x = random(4, h) as tf.Tensor2D;
    expect(() => gatedMlp(tf.reshape(x, [h, 4]), terms)).toThrow(ShapeError);
    expect(() => gatedMlp(x, { ...terms, up: { ...terms.up, weight: frozen(f + 1, h) } })).toThrow(
      /up \[70, h\]/,
    );
    expect(() => gatedMlp(x, { ...terms, down: { ...terms.down, weight: frozen(h, f + 1) } })).toThrow(
      ShapeError,
    );
    await startEngine("native", "fp32");
    expect(() => gatedMlp(x, terms)).toThrow(/engine native has no kernel for these terms/);
  });
});
