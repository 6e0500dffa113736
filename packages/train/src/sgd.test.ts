import { listEngines, startEngine } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { Sgd } from "./sgd.js";

const probed = await Promise.all(
  listEngines().map(async (engine) => ((await engine.probe()) === null ? engine.name : null)),
);

describe.each(probed.filter((name) => name !== null))("Sgd, %s", (engine) => {
  it("moves each parameter by its rate and decay, leaves those without a gradient, and keeps nothing", async () => {
    await startEngine(engine, "fp32");
    const variable = (values: number[]): tf.Variable => tf.tidy(() => tf.variable(tf.tensor(values)));
    const parameters = [
      { name: "a", variable: variable([1, -2]) },
      { name: "b", variable: variable([1, -2]), weightDecay: 0, learningRateFactor: 2 },
      { name: "c", variable: variable([1, -2]) },
    ];
    const before = tf.memory().numTensors;
    const gradient = tf.tensor([4, 8]);
    const optimiser = new Sgd(parameters, { weightDecay: 0.5 });
    const of = (asked: tf.Variable): tf.Tensor | null => (asked === parameters[2].variable ? null : gradient);
    optimiser.apply(of, 0.125, 0.5);
    // θ (1 − 0.125 · 0.5) − 0.125 · 0.5 g; θ − 2 · 0.125 · 0.5 g
    expect([...parameters[0].variable.dataSync()]).toEqual([0.9375 - 0.25, -1.875 - 0.5]);
    expect([...parameters[1].variable.dataSync()]).toEqual([1 - 0.5, -2 - 1]);
    expect([...parameters[2].variable.dataSync()]).toEqual([1, -2]);
    expect(optimiser.state()).toEqual([]);
    gradient.dispose();
    optimiser.dispose();
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose(parameters.map((parameter) => parameter.variable));
  });
});
