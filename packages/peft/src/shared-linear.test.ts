/** An adapter on the stretches of a linear that several processes have: what they compute comes to what one does. */
import { DenseLinear, type MatrixShare, SharedLinear } from "@lathe/model";
import { startEngine, Tape, withDropout, withTape } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { seededFloats } from "../../tensor/testing/seeded-floats.js";
import { resolveLoraConfig } from "./lora-config.js";
import { LoraLinear } from "./lora-linear.js";
import { enginesHere } from "./testing.js";

const SEED = Number(process.env["TEST_SEED"] ?? 1909);
const [N, I, O, R] = [5, 48, 36, 3];
const PATH = "model.layers.0.mlp.down_proj";
const KEY = { seed: 5, step: 2, microBatch: 1 };
const whole = [O, I] as const;
const all = { outputs: { start: 0, end: O }, inputs: { start: 0, end: I } };

describe.each(await enginesHere())(`shares of an adapted linear on %s (seed ${SEED})`, (engine) => {
  beforeAll(() => startEngine(engine, "fp32"));

  const floats = seededFloats(SEED);
  const [weight, bias] = [floats(O * I), floats(O)];
  const matrices = { a: floats(R * I), b: floats(O * R), magnitude: null };
  const [input, seed] = [floats(N * I), floats(N * O)];

  /** What a process gives for its inputs, and the gradients of x, A and B for those of its outputs. */
  function compute(share: MatrixShare | null, dropout: number): Record<"y" | "x" | "a" | "b", Float32Array> {
    const { outputs, inputs } = share ?? all;
    const dense = new DenseLinear({ shape: whole, weight: weight.slice(), bias: bias.slice() });
    const base = share ? new SharedLinear(dense.cut(outputs, inputs), share) : dense;
    const linear = new LoraLinear(base, PATH);
    const config = resolveLoraConfig({ rank: R, dropout });
    linear.add("default", config, { rank: R, scale: 2, dropout }, matrices);
    linear.active = ["default"];
    const { a, b } = linear.adapters.get("default")!;
    expect([a.shape, b.shape]).toEqual([
      [R, I],
      [O, R],
    ]);
    const columns = (values: Float32Array, width: number, range: MatrixShare["inputs"]): tf.Tensor2D =>
      tf.slice2d(tf.tensor2d(values, [N, width]), [0, range.start], [N, range.end - range.start]);
    const x = columns(input, I, inputs);
    const tape = new Tape([x, a, b]);
    const y = tf.tidy(() => withDropout(KEY, () => withTape(tape, () => linear.forward(x))));
    const values = { y: y.dataSync<"float32">().slice() };
    const gradients = new Map<number, Float32Array>();
    tape.backward(y, columns(seed, O, outputs), (tensor, gradient) => {
      const before = gradients.get(tensor.id);
      const more = gradient.dataSync<"float32">();
      gradients.set(tensor.id, before ? before.map((value, i) => value + more[i]) : more.slice());
    });
    tape.dispose();
    const [ofX, ofA, ofB] = [x, a, b].map(({ id }) => gradients.get(id)!);
    linear.dispose();
    return { ...values, x: ofX, a: ofA, b: ofB };
  }

  const sum = (parts: readonly Float32Array[]): Float32Array =>
    parts[0].map((_, i) => parts.reduce((total, part) => total + part[i], 0));
  const sideBySide = (parts: readonly Float32Array[]): Float32Array => {
    const widths = parts.map((part) => part.length / N);
    const rows = Array.from({ length: N }, (_, n) =>
      parts.flatMap((part, i) => [...part.subarray(n * widths[i], (n + 1) * widths[i])]),
    );
    return Float32Array.from(rows.flat());
  };
  const expectClose = (values: Float32Array, expected: Float32Array): void => {
    expect(values).toHaveLength(expected.length);
    values.forEach((value, i) => expect(Math.abs(value - expected[i])).toBeLessThan(2e-4));
  };

  it.each([0, 0.3])("of its outputs lie side by side, of its inputs add up; dropout %d", (dropout) => {
    const one = compute(null, dropout);
    const cut = (at: number, end: number) => [
      { start: 0, end: at },
      { start: at, end },
    ];
    const byOutputs = cut(12, O).map((outputs) => compute({ ...all, whole, outputs }, dropout));
    expectClose(sideBySide(byOutputs.map(({ y }) => y)), one.y);
    expectClose(sum(byOutputs.map(({ x }) => x)), one.x);
    const byInputs = cut(20, I).map((inputs) => compute({ ...all, whole, inputs }, dropout));
    // Each here has the bias, which one process alone adds.
    const once = sum(byInputs.map(({ y }) => y)).map((value, i) => value - bias[i % O]);
    expectClose(once, one.y);
    expectClose(sideBySide(byInputs.map(({ x }) => x)), one.x);
    for (const parts of [byOutputs, byInputs]) {
      for (const name of ["a", "b"] as const) expectClose(sum(parts.map((part) => part[name])), one[name]);
    }
  });

  it("take no DoRA, kept zeros or trained biases", () => {
    const dense = new DenseLinear({ shape: whole, weight: weight.slice(), bias: null });
    const linear = new LoraLinear(new SharedLinear(dense, { ...all, whole }), PATH);
    for (const asked of [{ useDora: true }, { keepSparsity: true }]) {
      const config = resolveLoraConfig({ rank: R, ...asked });
      expect(() => linear.add("default", config, { rank: R, scale: 2, dropout: 0 }, matrices)).toThrow(
        "several processes share its weight",
      );
    }
    expect(() => linear.trainBias("default", null)).toThrow("its bias cannot be trained");
    linear.dispose();
  });
});
