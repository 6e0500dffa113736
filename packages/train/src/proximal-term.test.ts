/** FedProx's term, held to its gradient μ (θ − θ₀), and to the bits of a run that was not interrupted. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type LanguageModel, loadModel, trainableWeights } from "@lathe/model";
import { listEngines, startEngine } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import {
  RunFolder,
  type StepReport,
  supervised,
  train,
  type TrainConfig,
  TrainConfigError,
} from "./index.js";

const base = fileURLToPath(new URL("../../model/fixtures/models/llama/", import.meta.url));
const probed = await Promise.all(
  listEngines()
    .filter(({ name }) => name !== "cpu")
    .map(async (engine) => ((await engine.probe()) === null ? engine.name : null)),
);

const inputIds = Int32Array.from({ length: 9 }, (_, at) => (at * at * 11 + 5) % 300);
const rows = { length: 1, row: () => ({ inputIds, labels: inputIds }) };

const RATE = 0.5;

describe.each(probed.filter((name) => name !== null))("proximal on %s", (engine) => {
  let model: LanguageModel;
  let variable: tf.Variable;
  let start: Float32Array;
  beforeAll(async () => {
    await startEngine(engine, "fp32");
    model = await loadModel(base);
    [{ variable }] = trainableWeights(model, ["model.layers.1.self_attn.q_proj"]);
    start = Float32Array.from(variable.dataSync());
  });
  afterAll(() => {
    model.dispose();
  });

  const set = (values: Float32Array): void => {
    tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
  };
  const values = (): Float32Array => Float32Array.from(variable.dataSync());

  const stepsOf = (
    config: Partial<TrainConfig>,
    more: { readonly proximal?: number; readonly run?: RunFolder; readonly resume?: boolean } = {},
  ) =>
    train({
      parameters: [{ name: "q", variable }],
      objective: supervised(model),
      rows,
      config: {
        optimizer: "sgd",
        learningRate: RATE,
        schedule: "constant",
        maxGradNorm: 0,
        batchSize: 1,
        gradientAccumulation: 1,
        ...config,
      },
      ...more,
    });

  async function run(steps: ReturnType<typeof stepsOf>): Promise<StepReport[]> {
    const reports: StepReport[] = [];
    for await (const report of steps) reports.push(report);
    return reports;
  }

  it("adds μ (θ − θ₀) to the gradient of every step after the first", async () => {
    set(start);
    const [first] = await run(stepsOf({ maxSteps: 1 }));
    const one = values();
    await run(stepsOf({ maxSteps: 1 }));
    const two = values();
    set(start);
    const mu = 0.8;
    const reports = await run(stepsOf({ maxSteps: 2 }, { proximal: mu }));
    const drawn = values();
    expect(reports[0].gradNorm).toBe(first.gradNorm);
    expect(reports[0].loss).toBe(first.loss);
    let moved = 0;
    drawn.forEach((value, i) => {
      const expected = two[i] - RATE * mu * (one[i] - start[i]);
      expect(Math.abs(value - expected)).toBeLessThan(1e-6);
      moved = Math.max(moved, Math.abs(value - two[i]));
    });
    expect(moved).toBeGreaterThan(1e-5);
    const gradient = two.map((value, i) => (one[i] - value) / RATE + mu * (one[i] - start[i]));
    expect(reports[1].gradNorm / Math.hypot(...gradient)).toBeCloseTo(1, 3);
  });

  it("goes on from a checkpoint to the same bits, and holds it to the strength", async () => {
    const folder = await mkdtemp(join(tmpdir(), "lathe-proximal-"));
    onTestFinished(async () => {
      await rm(folder, { recursive: true, force: true });
    });
    set(start);
    await run(stepsOf({ maxSteps: 4 }, { proximal: 0.3 }));
    const whole = values();
    set(start);
    const first = await RunFolder.create(join(folder, "run"));
    const begun = stepsOf({ maxSteps: 4, saveEvery: 2 }, { proximal: 0.3, run: first });
    for (let step = 0; step < 3; step++) await begun.next();
    await begun.return(undefined as never);
    await first.close();
    // A fresh process has other values until the checkpoint brings them.
    set(start.map((value) => value + 1));
    const again = await RunFolder.open(join(folder, "run"));
    await run(stepsOf({ maxSteps: 4, saveEvery: 2 }, { proximal: 0.3, run: again, resume: true }));
    expect(values()).toEqual(whole);
    await expect(run(stepsOf({ maxSteps: 4 }, { proximal: 0.4, run: again, resume: true }))).rejects.toThrow(
      /proximal/,
    );
    await again.close();
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])("refuses %d", async (proximal) => {
    await expect(run(stepsOf({ maxSteps: 1 }, { proximal }))).rejects.toThrow(TrainConfigError);
  });
});
