/** Steps of Transformers' Adafactor (fixtures/README.md), and what its state takes. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { listEngines, startEngine } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { Adafactor } from "./adafactor.js";

interface Recorded {
  readonly weight_decay: number;
  readonly shapes: Record<string, number[]>;
  readonly start: Record<string, number[]>;
  readonly steps: {
    readonly learning_rate: number;
    readonly gradients: Record<string, number[]>;
    readonly parameters: Record<string, number[]>;
  }[];
}

const path = fileURLToPath(new URL("../fixtures/optimisers/adafactor.json", import.meta.url));
const recorded = JSON.parse(await readFile(path, "utf8")) as Recorded;
const probed = await Promise.all(
  listEngines().map(async (engine) => ((await engine.probe()) === null ? engine.name : null)),
);

interface Parameter {
  readonly name: string;
  readonly variable: tf.Variable;
  readonly weightDecay?: number;
}

const parametersOf = (values: Record<string, number[]>): Parameter[] =>
  Object.entries(values).map(([name, start]) => ({
    name,
    variable: tf.tidy(() => tf.variable(tf.tensor(start, recorded.shapes[name]))),
    ...(name === "vector" ? { weightDecay: 0 } : {}),
  }));

/** Takes a recorded step; tensors that are left out have no gradient. */
function take(
  optimiser: Adafactor,
  parameters: readonly Parameter[],
  { gradients, learning_rate: rate }: Recorded["steps"][number],
  without: readonly string[] = [],
): void {
  const tensors = new Map(
    parameters
      .filter(({ name }) => !without.includes(name))
      .map(({ name, variable }) => [variable.id, tf.tensor(gradients[name], variable.shape)] as const),
  );
  optimiser.apply((variable) => tensors.get(variable.id) ?? null, rate);
  tf.dispose([...tensors.values()]);
}

describe.each(probed.filter((name) => name !== null))("Adafactor, %s", (engine) => {
  it("takes Transformers' steps, frees what it made, and goes on from its state to the same bits", async () => {
    await startEngine(engine, "fp32");
    const before = tf.memory().numTensors;
    const parameters = parametersOf(recorded.start);
    const optimiser = new Adafactor(parameters, { weightDecay: recorded.weight_decay });
    for (const [index, step] of recorded.steps.entries()) {
      take(optimiser, parameters, step);
      for (const { name, variable } of parameters) {
        const right = step.parameters[name];
        const values = [...variable.dataSync()];
        const worst = Math.max(...values.map((value, i) => Math.abs(value - right[i])));
        expect(worst, `${name} after step ${index + 1}`).toBeLessThan(1e-6);
      }
    }
    const state = new Map(optimiser.state().map(({ name, values }) => [name, values]));
    expect([...state].map(([name, values]) => [name, values.length])).toEqual([
      ["matrix.step", 1],
      ["matrix.rows", 5],
      ["matrix.columns", 7],
      ["row.step", 1],
      ["row.rows", 1],
      ["row.columns", 6],
      ["vector.step", 1],
      ["vector.squares", 9],
    ]);
    const copies = parametersOf(
      Object.fromEntries(parameters.map(({ name, variable }) => [name, [...variable.dataSync()]])),
    );
    const restored = new Adafactor(copies, { weightDecay: recorded.weight_decay });
    await restored.restore((name) => Promise.resolve(state.get(name) as Float32Array));
    take(optimiser, parameters, recorded.steps[0]);
    take(restored, copies, recorded.steps[0]);
    copies.forEach(({ variable }, i) => {
      expect([...variable.dataSync()]).toEqual([...parameters[i].variable.dataSync()]);
    });
    optimiser.dispose();
    restored.dispose();
    for (const { variable } of [...parameters, ...copies]) variable.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it("leaves a parameter without a gradient alone, and counts its steps apart", async () => {
    await startEngine(engine, "fp32");
    const parameters = parametersOf(recorded.start);
    const optimiser = new Adafactor(parameters, { weightDecay: recorded.weight_decay });
    const [first] = recorded.steps;
    const matrix = parameters.find(({ name }) => name === "matrix")!;
    const start = [...matrix.variable.dataSync()];
    take(optimiser, parameters, first, ["matrix"]);
    expect([...matrix.variable.dataSync()]).toEqual(start);
    take(optimiser, parameters, first);
    const worst = [...matrix.variable.dataSync()].map((value, i) => value - first.parameters["matrix"][i]);
    expect(Math.max(...worst.map(Math.abs))).toBeLessThan(1e-6);
    optimiser.dispose();
    for (const { variable } of parameters) variable.dispose();
  });
});
