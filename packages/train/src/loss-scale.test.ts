import { sayPhrase } from "@lathe/files";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromTfjs, startEngine } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { LabelledBatch, LabelledRow } from "@lathe/model";
import { LossScale, RunFolder, type StepReport, supervised, train, type TrainOptions } from "./index.js";

type Options = TrainOptions<LabelledRow, LabelledBatch>;

let folder: string;
beforeAll(() => startEngine("cpu"));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lathe-loss-scale-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("LossScale", () => {
  it("halves after an overflow, doubles after steady steps, and keeps within its bounds", () => {
    const scale = new LossScale({ initial: 4, growthSteps: 2, largest: 8 });
    const seen = ["+", "+", "+", "+", "+", "-", "-", "-", "-", "+", "+"].map((event) => {
      if (event === "+") scale.succeeded();
      else if (!scale.overflowed()) return 0;
      return scale.scale;
    });
    expect(seen).toEqual([4, 8, 8, 8, 8, 4, 2, 1, 0, 1, 2]);
    expect(scale.skippedSteps).toBe(4);
  });

  it("starts steady steps anew after an overflow", () => {
    const scale = new LossScale({ initial: 4, growthSteps: 2 });
    scale.succeeded();
    scale.overflowed();
    scale.succeeded();
    expect(scale.scale).toBe(2);
  });

  it("is the same again after saving and loading, and refuses what is no state", async () => {
    const path = join(folder, "loss-scale.json");
    const [before, after] = [new LossScale({ growthSteps: 3 }), new LossScale({ growthSteps: 3 })];
    before.overflowed();
    before.succeeded();
    await before.save(folder);
    await after.load(folder);
    expect(after.state()).toEqual({ scale: 2 ** 15, steadySteps: 1, skippedSteps: 1 });
    for (const text of ["{", "null", '{"scale":3,"steadySteps":0,"skippedSteps":0}', '{"scale":2}']) {
      await writeFile(path, text);
      await expect(after.load(folder)).rejects.toThrow(/loss-scale\.json: (cannot be read|expected a scale)/);
    }
    expect(after.state().scale).toBe(2 ** 15);
  });
});

describe("train with a loss scale", () => {
  const rows = Array.from({ length: 12 }, (_, i) => ({
    inputIds: Int32Array.of(i, 1, 2),
    labels: Int32Array.of(-100, 1, 2),
  }));
  const source = { length: rows.length, row: (index: number) => rows[index] };
  /** A square whose gradient, like one of half precision, ends at 65504. */
  const inHalf = fromTfjs((x) => tf.sum(tf.square(x)));
  let weight: tf.Variable;
  let reports: StepReport[];
  let warnings: string[];
  beforeEach(() => {
    weight = tf.variable(tf.tensor1d([3, -2]));
    [reports, warnings] = [[], []];
  });
  afterEach(() => {
    weight.dispose();
  });

  /** The loss of a batch is what is computed of the weight. */
  const summing = (loss: (x: tf.Tensor) => tf.Tensor) =>
    supervised({ loss: () => loss(weight) as tf.Scalar });
  const options = (more: Partial<Options> = {}): Options => ({
    parameters: [{ name: "weight", variable: weight }],
    objective: summing(overflowing),
    rows: source,
    config: { batchSize: 2, gradientAccumulation: 1, epochs: 1, learningRate: 0.1, warmupSteps: 0 },
    onWarning: (warning) => warnings.push(sayPhrase(warning)),
    ...more,
  });

  /** Σ x², whose gradient becomes infinite beyond 65504 as half precision would. */
  const overflowing = (x: tf.Tensor): tf.Scalar => {
    const clamped = tf.customGrad((y, save) => {
      (save as tf.GradSaveFunc)([]);
      return {
        value: (y as tf.Tensor).clone(),
        gradFunc: (dy: tf.Tensor) => {
          const limit = tf.fill(dy.shape, Infinity);
          return tf.where(tf.greater(tf.abs(dy), 65504), limit, dy);
        },
      };
    });
    return fromTfjs((y) => tf.sum(tf.square(clamped(y))))(x) as tf.Scalar;
  };

  async function run(given: Options): Promise<void> {
    for await (const report of train(given)) reports.push(report);
  }

  it("changes no bit of a run without overflow", async () => {
    await run(options({ objective: summing(inHalf) }));
    const plain = [...weight.dataSync()];
    const losses = reports.map(({ loss, gradNorm }) => [loss, gradNorm]);
    weight.assign(tf.tensor1d([3, -2]));
    reports = [];
    await run(options({ objective: summing(inHalf), lossScale: { growthSteps: 2 } }));
    expect([...weight.dataSync()]).toEqual(plain);
    expect(reports.map(({ loss, gradNorm }) => [loss, gradNorm])).toEqual(losses);
    expect(reports.map(({ lossScale }) => lossScale)).toEqual([65536, 65536, 131072, 131072, 262144, 262144]);
    expect(warnings).toEqual([]);
  });

  it("skips steps that overflow, says so, and leaves parameters and moments alone", async () => {
    await run(options({ lossScale: { initial: 2 ** 17 } }));
    expect(reports.map(({ skipped }) => skipped ?? false)).toEqual([true, true, false, false, false, false]);
    expect(reports.map(({ lossScale }) => lossScale)).toEqual([131072, 65536, 32768, 32768, 32768, 32768]);
    expect(reports[0].loss).toBe(reports[2].loss);
    expect(reports[2].gradNorm).toBeGreaterThan(0);
    expect(warnings[0]).toBe(
      "step 1 skipped: a gradient overflowed under the loss scale 131072, which is 65536 from now on",
    );
  });

  it("goes on from a checkpoint with the scale it had", async () => {
    const steps = { initial: 2 ** 17, growthSteps: 2 };
    const whole = await RunFolder.create(join(folder, "whole"));
    await run(options({ lossScale: steps, run: whole }));
    const [expected, expectedReports] = [[...weight.dataSync()], reports];
    weight.assign(tf.tensor1d([3, -2]));
    reports = [];

    const parts = await RunFolder.create(join(folder, "parts"));
    const interrupt = new AbortController();
    const given = options({ lossScale: steps, run: parts, signal: interrupt.signal });
    for await (const report of train(given)) {
      reports.push(report);
      if (report.step === 3) interrupt.abort();
    }
    weight.assign(tf.tensor1d([9, 9]));
    await run(options({ lossScale: steps, run: parts, resume: true }));
    expect([...weight.dataSync()]).toEqual(expected);
    expect(reports.map(({ step, loss, lossScale }) => [step, loss, lossScale])).toEqual(
      expectedReports.map(({ step, loss, lossScale }) => [step, loss, lossScale]),
    );
    await expect(run(options({ run: parts, resume: true }))).rejects.toThrow(
      /with lossScale .*this run has null/,
    );
  });

  it("gives up when no scale helps, and when the loss itself is not finite", async () => {
    const hopeless = fromTfjs((x) => tf.sum(tf.mul(x, Infinity)));
    await expect(run(options({ objective: summing(hopeless), lossScale: {} }))).rejects.toThrow(
      /step 3: the loss is .*; half precision ends at 65504: compute in fp32/,
    );
    await expect(
      run(options({ lossScale: { initial: 1 }, objective: summing((x) => overflowing(scaledUp(x))) })),
    ).rejects.toThrow(/step 3: the gradient norm is .*compute in fp32/);
  });

  const scaledUp = (x: tf.Tensor): tf.Tensor => fromTfjs((y) => tf.mul(y, 1e6))(x);
});
