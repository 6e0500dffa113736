import { startEngine } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { adamW } from "./adamw.js";
import type { ParameterSampling } from "./parameter-sampling.js";
import { SampledOptimiser } from "./sampled-optimiser.js";

const config = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 };

/** "always" in each step, of the others one after the other for two steps each. */
const sampling: ParameterSampling = {
  identity: { every: 2 },
  period: (step) => Math.floor((step - 1) / 2),
  isTrained: (name, period) => (name === "always" ? null : name === ["first", "second"][period % 2]),
};

let parameters: { name: string; variable: tf.Variable }[] = [];
beforeAll(async () => {
  await startEngine("cpu");
  parameters = ["always", "first", "second"].map((name) => ({ name, variable: tf.variable(tf.ones([2])) }));
});
afterAll(() => {
  for (const { variable } of parameters) variable.dispose();
});

const namesOf = (list: readonly { readonly parameter?: string }[]): string[] => [
  ...new Set(list.map(({ parameter }) => parameter!)),
];

it("keeps the state of the step before until the next can no longer be broken off, and then has that of its period", async () => {
  const optimiser = new SampledOptimiser(adamW(config), parameters, sampling);
  try {
    expect(optimiser.enter(1)).toBe(true);
    expect(optimiser.enter(2)).toBe(false);
    await optimiser.apply((variable) => tf.onesLike(variable), 0.1);
    const before = optimiser.state().map(({ values }) => Array.from(values));
    expect(optimiser.trainedAt(3).map(({ name }) => name)).toEqual(["always", "second"]);
    expect(namesOf(optimiser.state())).toEqual(["always", "first"]);
    expect(optimiser.state().map(({ values }) => Array.from(values))).toEqual(before);
    // Also where the step is not applied: a checkpoint after it is read by a run that enters the same period.
    expect(optimiser.enter(3)).toBe(true);
    const states = optimiser.state();
    expect(namesOf(states)).toEqual(["always", "second"]);
    const written = new Map(states.map(({ name, values }) => [name, Float32Array.from(values)]));
    const resumed = new SampledOptimiser(adamW(config), parameters, sampling);
    resumed.enter(3);
    await resumed.restore((name) => Promise.resolve(written.get(name)!));
    expect(resumed.state().map(({ values }) => Array.from(values))).toEqual(
      states.map(({ values }) => Array.from(values)),
    );
    resumed.dispose();
  } finally {
    optimiser.dispose();
  }
});
