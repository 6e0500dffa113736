/** Values and gradients against sums in double precision and their central differences. */
import { dropout, fromTfjs, startEngine, valueAndGradients, withDropout } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { type LoraConfig, resolveLoraConfig } from "./lora-config.js";
import { LoraLinear } from "./lora-linear.js";
import { largestDifference, randomLinear } from "./testing.js";
import { seededFloats } from "../../tensor/testing/seeded-floats.js";

const [N, I, O, R] = [5, 7, 6, 3];
const PATH = "model.layers.0.self_attn.q_proj";
const KEY = { seed: 5, step: 2, microBatch: 1 };

beforeAll(async () => {
  await startEngine("cpu");
});

interface Values {
  readonly x: ArrayLike<number>;
  readonly a: ArrayLike<number>;
  readonly b: ArrayLike<number>;
  readonly magnitude: ArrayLike<number> | null;
}

interface Constants {
  readonly weight: ArrayLike<number>;
  readonly bias: ArrayLike<number> | null;
  /** [N, I]: 0 or 1 / (1 − rate) */
  readonly mask: ArrayLike<number>;
  readonly scale: number;
  /** [O]: ‖W + s·B A‖, a constant as in arXiv:2402.09353, §4.3 */
  readonly norms: ArrayLike<number>;
}

const dot = (length: number, at: (index: number) => number): number => {
  let sum = 0;
  for (let index = 0; index < length; index++) sum += at(index);
  return sum;
};

/** y [N, O] in doubles, straight from the definitions. */
function reference(
  { x, a, b, magnitude }: Values,
  { weight, bias, mask, scale, norms }: Constants,
): number[] {
  return Array.from({ length: N * O }, (_, index) => {
    const [n, o] = [Math.floor(index / O), index % O];
    const base = dot(I, (i) => x[n * I + i] * weight[o * I + i]) + (bias ? bias[o] : 0);
    const update =
      scale * dot(R, (k) => b[o * R + k] * dot(I, (i) => x[n * I + i] * mask[n * I + i] * a[k * I + i]));
    if (!magnitude) return base + update;
    const dropped = dot(I, (i) => x[n * I + i] * mask[n * I + i] * weight[o * I + i]);
    const factor = magnitude[o] / norms[o];
    return base + (factor - 1) * dropped + factor * update;
  });
}

function rowNorms({ a, b }: Values, { weight, scale }: Pick<Constants, "weight" | "scale">): number[] {
  return Array.from({ length: O }, (_, o) =>
    Math.sqrt(dot(I, (i) => (weight[o * I + i] + scale * dot(R, (k) => b[o * R + k] * a[k * I + i])) ** 2)),
  );
}

function centralDifferences(f: (values: Values) => number, values: Values, key: keyof Values): number[] {
  const step = 1e-4;
  const of = values[key]!;
  return Array.from({ length: of.length }, (_, index) => {
    const at = (delta: number): number => {
      const moved = Float64Array.from(of);
      moved[index] += delta;
      return f({ ...values, [key]: moved });
    };
    return (at(step) - at(-step)) / (2 * step);
  });
}

const cases = [false, true].flatMap((useDora) =>
  [0, 0.4].flatMap((rate) => [true, false].map((hasBias) => ({ useDora, rate, hasBias }))),
);

describe.each(cases)("dora $useDora, dropout $rate, bias $hasBias", ({ useDora, rate, hasBias }) => {
  const seed = 11;
  const floats = seededFloats(seed);
  const config: LoraConfig = resolveLoraConfig({
    rank: R,
    alpha: 4,
    dropout: rate,
    useDora,
    useRslora: true,
  });
  const scale = config.alpha / Math.sqrt(R);

  it(`has the value and the gradients of the definition within 1e-5 (seed ${seed})`, () => {
    const base = randomLinear(O, I, floats, hasBias);
    const lora = new LoraLinear(base, PATH);
    const values: Values = {
      x: floats(N * I),
      a: floats(R * I),
      b: floats(O * R),
      magnitude: useDora ? floats(O).map((value) => value + 2) : null,
    };
    lora.add("default", config, { rank: R, scale, dropout: rate }, values as never);
    lora.active = ["default"];
    const { a, b, magnitude } = lora.adapters.get("default")!;
    const weights = floats(N * O);
    const x = tf.tensor2d(values.x as Float32Array, [N, I]);

    const weigh = fromTfjs((y: tf.Tensor) => tf.sum<tf.Scalar>(tf.mul(y, tf.tensor2d(weights, [N, O]))));
    let y: Float32Array = new Float32Array();
    const watched = magnitude ? [x, a, b, magnitude] : [x, a, b];
    const { value, gradients } = withDropout(KEY, () =>
      valueAndGradients(() => {
        const output = lora.forward(x);
        y = output.dataSync() as Float32Array;
        return weigh(output);
      }, watched),
    );

    const ones = tf.ones<tf.Rank.R2>([N, I]);
    const mask = withDropout(KEY, () => dropout(ones, rate, `${PATH}.lora_dropout.default`)).dataSync();
    expect(mask.some((factor) => factor === 0)).toBe(rate > 0);
    const given = { weight: base.denseWeight(), bias: base.denseBias(), mask, scale };
    const constants: Constants = { ...given, norms: rowNorms(values, given) };
    expect(largestDifference(y, reference(values, constants))).toBeLessThan(1e-5);

    const loss = (moved: Values): number => {
      const moving = reference(moved, constants);
      return dot(N * O, (index) => moving[index] * weights[index]);
    };
    expect(Math.abs(value.dataSync()[0] - loss(values))).toBeLessThan(1e-4);
    const keys = magnitude ? (["x", "a", "b", "magnitude"] as const) : (["x", "a", "b"] as const);
    keys.forEach((key, index) => {
      const gradient = gradients[index]!.dataSync();
      const differences = centralDifferences(loss, values, key);
      const size = Math.max(1, ...differences.map(Math.abs));
      expect(largestDifference(gradient, differences) / size, key).toBeLessThan(1e-5);
    });
    tf.dispose([value, ...gradients.filter((gradient) => gradient !== null), x, ones]);
    lora.dispose();
  });
});

describe("LoraLinear", () => {
  const floats = seededFloats(3);
  const values = (): { a: Float32Array; b: Float32Array; magnitude: null } => ({
    a: floats(R * I),
    b: floats(O * R),
    magnitude: null,
  });
  const settings = { rank: R, scale: 2, dropout: 0 };

  it("sees new row norms after A or B have been assigned", () => {
    const lora = new LoraLinear(randomLinear(O, I, floats), PATH);
    lora.add("default", resolveLoraConfig({ rank: R, useDora: true }), settings, values());
    lora.active = ["default"];
    const x = tf.tensor2d(floats(N * I), [N, I]);
    const compare = (): number => {
      const merged = tf.tensor2d(lora.denseWeight(), [O, I]);
      const expected = tf.add(tf.matMul(x, merged, false, true), tf.tensor1d(lora.denseBias()!));
      return largestDifference(lora.forward(x).dataSync(), expected.dataSync());
    };
    expect(compare()).toBeLessThan(1e-5);
    const { a, b } = lora.adapters.get("default")!;
    b.assign(tf.tensor2d(floats(O * R), [O, R]));
    expect(compare()).toBeLessThan(1e-5);
    a.assign(tf.tensor2d(floats(R * I), [R, I]));
    expect(compare()).toBeLessThan(1e-5);
    lora.dispose();
  });

  it("has the merged weight of several adapters, DoRA rescaling what came before it", () => {
    const lora = new LoraLinear(randomLinear(O, I, floats), PATH);
    lora.add("plain", resolveLoraConfig({ rank: R }), settings, values());
    lora.add("dora", resolveLoraConfig({ rank: R, useDora: true }), settings, {
      ...values(),
      magnitude: floats(O).map((value) => value + 2),
    });
    const x = tf.tensor2d(floats(N * I), [N, I]);
    const results = [["plain"], ["dora"], ["plain", "dora"], ["dora", "plain"]].map((active) => {
      lora.active = active;
      const merged = tf.tensor2d(lora.denseWeight(), [O, I]);
      const expected = tf.add(tf.matMul(x, merged, false, true), tf.tensor1d(lora.denseBias()!));
      const actual = lora.forward(x).dataSync();
      expect(largestDifference(actual, expected.dataSync()), active.join()).toBeLessThan(2e-5);
      return actual;
    });
    expect(largestDifference(results[2], results[3])).toBeGreaterThan(1e-2);
    lora.dispose();
  });

  it("frees everything it made and leaves the base alone", () => {
    const base = randomLinear(O, I, floats);
    const x = tf.tensor2d(floats(N * I), [N, I]);
    const before = tf.memory().numTensors;
    const lora = new LoraLinear(base, PATH);
    lora.add("default", resolveLoraConfig({ rank: R, useDora: true }), settings, values());
    lora.active = ["default"];
    lora.forward(x).dispose();
    lora.disposeAdapters();
    expect(tf.memory().numTensors).toBe(before);
    base.forward(x).dispose();
    lora.dispose();
    expect(tf.memory().numTensors).toBe(before - 2);
    x.dispose();
  });

  it("keeps its own copy of the matrices it is given", () => {
    const lora = new LoraLinear(randomLinear(O, I, floats), PATH);
    const given = values();
    const first = given.b[0];
    lora.add("default", resolveLoraConfig({ rank: R }), settings, given);
    given.b[0] = 99;
    expect(lora.adapters.get("default")!.b.dataSync()[0]).toBe(first);
    expect(() => lora.add("default", resolveLoraConfig(), settings, given)).toThrow(
      "model.layers.0.self_attn.q_proj has an adapter default already",
    );
    lora.dispose();
  });
});
