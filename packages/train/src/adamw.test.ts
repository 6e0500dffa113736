import { listEngines, startEngine } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { AdamW, type AdamWConfig } from "./adamw.js";
import { GradientAccumulator } from "./gradient-accumulator.js";

const config: AdamWConfig = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 };

const probed = await Promise.all(
  listEngines().map(async (engine) => ((await engine.probe()) === null ? engine.name : null)),
);

describe.each(probed.filter((name) => name !== null))("AdamW, %s", (engine) => {
  const owned: tf.Tensor[] = [];
  beforeAll(async () => {
    await startEngine(engine, "fp32");
  });
  afterEach(() => {
    tf.dispose(owned.splice(0));
  });

  const parameter = (name: string, values: number[]) => {
    const variable = tf.tidy(() => tf.variable(tf.tensor1d(values) as tf.Tensor));
    owned.push(variable);
    return { name, variable };
  };
  /** Applies gradients by parameter name; those left out have none. */
  const apply = (
    optimiser: AdamW,
    parameters: ReturnType<typeof parameter>[],
    gradients: Record<string, number[]>,
    learningRate: number,
    scale?: number,
  ): void => {
    const tensors = new Map(
      parameters
        .filter(({ name }) => name in gradients)
        .map(({ name, variable }) => [variable.id, tf.tensor1d(gradients[name])] as const),
    );
    optimiser.apply((variable) => tensors.get(variable.id) ?? null, learningRate, scale);
    tf.dispose([...tensors.values()]);
  };
  const expectClose = ({ variable }: ReturnType<typeof parameter>, expected: number[]): void => {
    [...variable.dataSync()].forEach((value, i) => expect(value).toBeCloseTo(expected[i], 5));
  };

  it("moves by the learning rate against the sign while the gradient stays the same", () => {
    // The corrected moments are then g and g² at every step.
    const weight = parameter("w", [1, -2, 3]);
    const optimiser = new AdamW([weight], config);
    for (let step = 1; step <= 5; step++) {
      apply(optimiser, [weight], { w: [0.5, -4, 100] }, 0.1);
      expectClose(weight, [1 - 0.1 * step, -2 + 0.1 * step, 3 - 0.1 * step]);
    }
    optimiser.dispose();
  });

  it("two steps by hand, with decay apart from the gradient", () => {
    // β₁ ½, β₂ ¾, ε 1, decay ½, rate 0.1; gradients 2, then 0.
    // 1: m̂ 2, v̂ 4: 10 × 0.95 − 0.1 × 2/3.  2: m ½ → m̂ ⅔, v ¾ → v̂ 12/7.
    const weight = parameter("w", [10]);
    const optimiser = new AdamW([weight], { beta1: 0.5, beta2: 0.75, epsilon: 1, weightDecay: 0.5 });
    apply(optimiser, [weight], { w: [2] }, 0.1);
    const first = 9.5 - 0.2 / 3;
    expectClose(weight, [first]);
    apply(optimiser, [weight], { w: [0] }, 0.1);
    expectClose(weight, [first * 0.95 - (0.1 * (2 / 3)) / (Math.sqrt(12 / 7) + 1)]);
    optimiser.dispose();
  });

  it("scales gradients before the moments", () => {
    const weight = parameter("w", [0, 0]);
    const optimiser = new AdamW([weight], { ...config, epsilon: 1 });
    apply(optimiser, [weight], { w: [3, 4] }, 0.1, 0.2);
    expectClose(weight, [(-0.1 * 0.6) / 1.6, (-0.1 * 0.8) / 1.8]);
    optimiser.dispose();
  });

  it("leaves a parameter without a gradient alone, and counts its steps apart", () => {
    const [late, always] = [parameter("late", [1]), parameter("always", [1])];
    const optimiser = new AdamW([late, always], { ...config, weightDecay: 0.5 });
    apply(optimiser, [late, always], { always: [2] }, 0.1);
    apply(optimiser, [late, always], { always: [2] }, 0.1);
    expectClose(late, [1]);
    apply(optimiser, [late, always], { late: [7], always: [2] }, 0.1);
    // As in PyTorch, its first step is corrected as a first step: decay 0.95, then the whole rate.
    expectClose(late, [0.95 - 0.1]);
    expectClose(always, [((0.95 - 0.1) * 0.95 - 0.1) * 0.95 - 0.1]);
    optimiser.dispose();
  });

  it("goes on from its state as if it had not stopped", async () => {
    const [a, b] = [parameter("a", [1, 2]), parameter("b", [3])];
    const optimiser = new AdamW([a, b], config);
    apply(optimiser, [a, b], { a: [1, -1] }, 0.1);
    apply(optimiser, [a, b], { a: [2, 5], b: [1] }, 0.1);
    const state = new Map(optimiser.state().map(({ name, values }) => [name, values]));
    const copies = [parameter("a", [...a.variable.dataSync()]), parameter("b", [...b.variable.dataSync()])];
    const restored = new AdamW(copies, config);
    await restored.restore((name) => Promise.resolve(state.get(name) as Float32Array));
    apply(optimiser, [a, b], { a: [0.3, 1], b: [-2] }, 0.1);
    apply(restored, copies, { a: [0.3, 1], b: [-2] }, 0.1);
    expect(copies.map(({ variable }) => [...variable.dataSync()])).toEqual(
      [a, b].map(({ variable }) => [...variable.dataSync()]),
    );
    optimiser.dispose();
    restored.dispose();
  });

  it("accumulates gradients, whose norm is over all together", () => {
    const before = tf.memory().numTensors;
    const gradients = new GradientAccumulator();
    expect(gradients.norm()).toBe(0);
    const [x, y] = [tf.tensor1d([0, 0]), tf.tensor2d([[0]])];
    const parts = [tf.tensor1d([1, 1]), tf.tensor1d([1, 2]), tf.tensor2d([[6]])];
    gradients.add(x, parts[0]);
    gradients.add(x, parts[1]);
    gradients.add(y, parts[2]);
    expect([...gradients.gradient(x)!.dataSync()]).toEqual([2, 3]);
    expect(gradients.norm()).toBeCloseTo(7, 6); // √(2² + 3² + 6²)
    expect(gradients.gradient(parts[0])).toBeNull();
    gradients.dispose();
    expect(gradients.norm()).toBe(0);
    tf.dispose([x, y, ...parts]);
    expect(tf.memory().numTensors).toBe(before);
  });
});
