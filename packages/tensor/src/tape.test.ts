import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import {
  add,
  apply,
  attention,
  recompute,
  crossEntropyHead,
  fromTfjs,
  linear,
  listEngines,
  type EngineDefinition,
  engineInUse,
  type Kernel,
  kernelOf,
  type Operation,
  OutsideTensorError,
  scale,
  startEngine,
  Tape,
  valueAndGradients,
  withDropout,
  withTape,
} from "./index.js";

beforeAll(() => startEngine("cpu"));

const total = fromTfjs((x) => tf.sum(x));
const values = (tensor: tf.Tensor | null | undefined): number[] => [...(tensor?.dataSync() ?? [])];

/** A failing step must leave as many tensors as there were. */
function expectNoLeak(body: () => unknown, message: RegExp): void {
  const before = tf.memory().numTensors;
  expect(body).toThrow(message);
  expect(tf.memory().numTensors).toBe(before);
}

const failing: Operation<{ readonly where: "forward" | "pullback" }> = {
  name: "failing",
  forward([x], { where }) {
    if (where === "forward") throw new Error("forward broke");
    return { output: tf.mul(x, 1), saved: [x] };
  },
  pullback() {
    throw new Error("pullback broke");
  },
};

describe("Tape", () => {
  it("adds up the gradients of all uses", () => {
    const x = tf.tensor1d([1, 2]);
    const { gradients } = valueAndGradients(() => total(add(add(x, x), scale(x, 3))) as tf.Scalar, [x]);
    expect(values(gradients[0])).toEqual([5, 5]);
  });

  it("gives the gradient of a computed tensor that is watched, and those behind it too", () => {
    const x = tf.tensor1d([1, 2]);
    const tape = new Tape([x]);
    const seen = new Map<number, number[]>();
    const [y, z] = withTape(tape, () => {
      const middle = scale(x, 3);
      tape.watch(middle);
      return [middle, total(scale(middle, 2))];
    });
    tape.backward(z, tf.scalar(1), (tensor, part) => seen.set(tensor.id, values(part)));
    expect(seen.get(y.id)).toEqual([2, 2]);
    expect(seen.get(x.id)).toEqual([6, 6]);
  });

  it("has no gradient where the value does not depend on a tensor", () => {
    const [x, other] = [tf.tensor1d([1]), tf.tensor1d([1])];
    const { gradients } = valueAndGradients(() => total(scale(x, 2)) as tf.Scalar, [x, other]);
    expect(gradients[1]).toBeNull();
  });

  it("can be used again", () => {
    const x = tf.tensor1d([2]);
    const tape = new Tape([x]);
    for (const factor of [3, 5]) {
      const parts: number[] = [];
      const y = withTape(tape, () => scale(x, factor));
      tape.backward(y, tf.tensor1d([1]), (_tensor, part) => parts.push(...part.dataSync()));
      expect(parts).toEqual([factor]);
    }
  });

  it("survives inputs that their owner has disposed", () => {
    const weight = tf.variable(tf.tensor2d([[2]]));
    const x = tf.tensor2d([[3]]);
    const tape = new Tape([weight]);
    const y = withTape(tape, () => linear(x, weight as unknown as tf.Tensor2D));
    x.dispose();
    const parts: number[] = [];
    tape.backward(y, tf.tensor2d([[1]]), (_tensor, part) => parts.push(...part.dataSync()));
    expect(parts).toEqual([3]);
  });

  it.each(["forward", "pullback"] as const)("leaves no tensor behind when a %s throws", (where) => {
    const x = tf.tensor1d([1, 2]);
    const run = () =>
      valueAndGradients(
        () => tf.tidy(() => total(apply(failing, [scale(x, 2)], { where })) as tf.Scalar),
        [x],
      );
    expectNoLeak(run, new RegExp(`${where} broke`));
  });

  it("leaves no tensor behind when an accumulator throws", () => {
    const x = tf.tensor1d([1, 2]);
    expectNoLeak(() => {
      const tape = new Tape([x]);
      tf.tidy(() => {
        const y = withTape(tape, () => total(add(x, x)));
        tape.backward(y, tf.scalar(1), () => {
          throw new Error("full");
        });
      });
    }, /full/);
  });

  it("refuses a body that is not synchronous", () => {
    expect(() => withTape(new Tape(), () => Promise.resolve(1))).toThrow(/expected a synchronous body/);
    expect(() => withDropout(null, () => Promise.resolve(1))).toThrow(/expected a synchronous body/);
  });
});

describe("recompute", () => {
  it("refuses a tensor of the enclosing computation that is not an input", () => {
    const x = tf.tensor1d([1]);
    const run = () =>
      valueAndGradients(
        () =>
          tf.tidy(() => {
            const outside = scale(x, 2);
            return total(recompute((y) => add(y, outside), scale(x, 3))) as tf.Scalar;
          }),
        [x],
      );
    expectNoLeak(run, /a tensor \[1\] of the enclosing computation that is not among its inputs/);
    expect(run).toThrow(OutsideTensorError);
  });

  it("nests", () => {
    const x = tf.tensor1d([2]);
    const { gradients } = valueAndGradients(
      () =>
        total(
          recompute(
            (y) =>
              scale(
                recompute((z) => scale(z, 3), scale(y, 5)),
                7,
              ),
            x,
          ),
        ) as tf.Scalar,
      [x],
    );
    expect(values(gradients[0])).toEqual([105]);
  });

  it("leaves no tensor behind when the second run throws", () => {
    const x = tf.tensor1d([1]);
    let runs = 0;
    const run = () =>
      valueAndGradients(
        () =>
          tf.tidy(() => {
            const block = (y: tf.Tensor): tf.Tensor => {
              const z = scale(y, 2);
              if (++runs === 2) throw new Error("second run broke");
              return z;
            };
            return total(recompute(block, x)) as tf.Scalar;
          }),
        [x],
      );
    expectNoLeak(run, /second run broke/);
  });
});

describe("crossEntropyHead", () => {
  it("leaves no tensor behind when a later chunk throws", () => {
    const hidden = tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2]);
    const weight = tf.variable(tf.tensor2d([1, 0, 0, 1], [2, 2]));
    const run = () =>
      valueAndGradients(
        () =>
          crossEntropyHead(hidden, Int32Array.of(0, 1, 9), { project: (rows) => linear(rows, weight) }, 2, 1),
        [hidden, weight],
      );
    expectNoLeak(run, /target 9 is outside the vocabulary of 2/);
  });
});

describe("fromTfjs", () => {
  it("never hands back its own argument", () => {
    const x = tf.tensor1d([4]);
    const same = fromTfjs((y) => y)(x);
    same.dispose();
    expect(values(x)).toEqual([4]);
  });

  it("takes chained operations, and shares its tensors with the whole of TensorFlow.js", async () => {
    const x = tf.variable(tf.tensor1d([1, 2, 3]));
    const squares = fromTfjs((y) => y.square().sum<tf.Scalar>());
    const { gradients } = valueAndGradients(() => squares(x), [x]);
    expect(values(gradients[0])).toEqual([2, 4, 6]);
    const whole = await import("@tensorflow/tfjs");
    expect(whole.Tensor).toBe(tf.Tensor);
    expect(whole.engine()).toBe(tf.engine());
  });
});

describe("attention", () => {
  const q = tf.zeros<tf.Rank.R3>([2, 2, 2]);
  const k = tf.zeros<tf.Rank.R3>([1, 1, 2]);
  const shape = { headCount: 2, keyValueHeadCount: 1, keySize: 2, valueSize: 2, scale: 1 };

  it("refuses more queries than keys, segments that do not pair and heads that do not divide", () => {
    const segments = (queries: number[], keys: number[]) => ({
      ...shape,
      querySegments: Int32Array.from(queries),
      keySegments: Int32Array.from(keys),
    });
    expect(() => attention(q, k, k, segments([0, 2], [0, 1]))).toThrow(/at least as many keys as queries/);
    expect(() => attention(q, k, k, segments([0, 1, 2], [0, 1]))).toThrow(/key segments/);
    expect(() => attention(q, k, k, { ...segments([0, 2], [0, 2]), keyValueHeadCount: 3 })).toThrow(
      /a multiple of 3/,
    );
  });
});

describe("engines", () => {
  it("are refused by name when unknown, unable, or asked for another precision", async () => {
    await expect(startEngine("abacus")).rejects.toThrow(
      /engine abacus is unknown; expected auto or one of .*wasm, cpu/,
    );
    await expect(startEngine("cpu", "bf16")).rejects.toThrow(/engine cpu computes in fp32/);
  });

  it("pass over what cannot run, with the reason, under auto only", async () => {
    const sundial: EngineDefinition = {
      name: "sundial",
      description: "by daylight",
      precisions: ["fp32"],
      probe: () => Promise.resolve(null),
      start: () => Promise.reject(new Error("it is night")),
    };
    const started = await startEngine([sundial, ...listEngines()]);
    expect(started.passedOver[0]).toMatchObject({ name: "sundial", reason: "it did not start: it is night" });
    await expect(startEngine(sundial)).rejects.toThrow(/engine sundial cannot run here .*it is night/);
    await startEngine("cpu");
  });

  it("of one's own are handed over, and compute in portable form what they leave out", async () => {
    const twice: Operation<null> = {
      name: "twice",
      forward: ([x]) => ({ output: tf.mul(x, 2), saved: [] }),
      pullback: (gradient) => [tf.mul(gradient, 2)],
    };
    const kernels: string[] = [];
    const abacus: EngineDefinition = {
      name: "abacus",
      description: "beads on the cpu backend",
      precisions: ["fp32", "fp16"],
      probe: () => Promise.resolve(null),
      start: async (precision) => {
        await tf.setBackend("cpu");
        const kernel: Kernel<null> = {
          ...twice,
          forward: ([y]) => {
            kernels.push("twice");
            return { output: tf.add(y, y), saved: [] };
          },
        };
        return {
          kernels: new Map([kernelOf(twice, kernel)]),
          weightLayout: "OI",
          gradientHeadroom: precision === "fp16" ? 8 : 1,
        };
      },
    };
    expect(values(apply(twice, [tf.tensor1d([1])], null))).toEqual([2]);
    expect(kernels).toEqual([]);
    const engine = await startEngine(abacus, "fp16");
    expect(engineInUse()).toBe(engine);
    expect(engine).toMatchObject({
      name: "abacus",
      precision: "fp16",
      weightLayout: "OI",
      gradientHeadroom: 8,
    });
    expect(values(apply(twice, [tf.tensor1d([4])], null))).toEqual([8]);
    expect(kernels).toEqual(["twice"]);
    expect(values(add(tf.tensor1d([1]), tf.tensor1d([2])))).toEqual([3]);
    await startEngine("cpu");
    expect(values(apply(twice, [tf.tensor1d([4])], null))).toEqual([8]);
    expect(kernels).toEqual(["twice"]);
  });
});
