import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LanguageModel, loadModel } from "@lathe/model";
import { dropout, multiplyRows, startEngine, withDropout } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  resolveTrainConfig,
  RunFolder,
  type StepReport,
  train,
  type TrainConfig,
  type TrainOptions,
} from "./index.js";
import { rowOrder } from "./row-order.js";

const base = new URL("../../model/fixtures/models/llama/", import.meta.url).pathname;

let folder: string;
let model: LanguageModel;
let gains: tf.Variable[];
let beginnings: Float32Array[];

/** Rows of different length; about half of each is scored. */
const rows = Array.from({ length: 11 }, (_, row) => {
  const ids = rowOrder(300, row, 1, true).subarray(0, 5 + ((row * 7) % 9));
  return { inputIds: ids, labels: ids.map((id, i) => (i < ids.length / 2 ? -100 : id)) };
});
const source = (some = rows) => ({ length: some.length, row: (index: number) => some[index] });

beforeAll(async () => {
  await startEngine("wasm");
  model = await loadModel(base);
  // A trainable gain on each output of two linears, with dropout before them.
  gains = [0, 9].map((place) => {
    const { path, linear } = model.linears()[place];
    const gain = tf.variable(tf.ones<tf.Rank.R1>([linear.shape[0]]));
    model.replaceLinear(path, {
      shape: linear.shape,
      forward: (x) => multiplyRows(linear.forward(dropout(x, 0.2, path)), gain),
      denseWeight: () => linear.denseWeight(),
      denseBias: () => linear.denseBias(),
      dispose: () => {
        linear.dispose();
      },
    });
    return gain;
  });
  beginnings = gains.map((gain) => Float32Array.from(gain.dataSync()));
});
afterAll(() => model.dispose());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lathe-train-"));
  gains.forEach((gain, i) => tf.tidy(() => gain.assign(tf.tensor1d(beginnings[i]) as tf.Tensor)));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const config: Partial<TrainConfig> = {
  batchSize: 2,
  gradientAccumulation: 2,
  epochs: 3,
  learningRate: 0.02,
  warmupSteps: 1,
  weightDecay: 0.01,
  seed: 5,
};
const options = (more: Partial<TrainOptions> = {}): TrainOptions => ({
  parameters: gains.map((variable, i) => ({ name: `gain.${i}`, variable })),
  loss: (batch) => model.loss(batch),
  rows: source(),
  ...more,
  config: { ...config, ...more.config },
});

async function collect(given: TrainOptions): Promise<StepReport[]> {
  const reports: StepReport[] = [];
  for await (const report of train(given)) reports.push(report);
  return reports;
}
const values = (): number[][] => gains.map((gain) => [...gain.dataSync()]);
/** What must be the same in two runs; times and memory are not. */
const numbers = (reports: readonly StepReport[]) =>
  reports.map(({ step, epoch, loss, gradNorm, learningRate, labelTokens, tokens }) => ({
    step,
    epoch,
    loss,
    gradNorm,
    learningRate,
    labelTokens,
    tokens,
  }));

describe("train", () => {
  it("lowers the loss", async () => {
    const reports = await collect(options({ config: { epochs: 12, learningRate: 0.1 } }));
    expect(reports).toHaveLength(36);
    const mean = (some: StepReport[]) => some.reduce((sum, { loss }) => sum + loss, 0) / some.length;
    expect(mean(reports.slice(-3))).toBeLessThan(mean(reports.slice(0, 3)) * 0.97);
  });

  it("counts tokens, labels and epochs", async () => {
    const reports = await collect(options({ config: { shuffle: false } }));
    expect(reports.map(({ epoch }) => epoch)).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2]);
    const tokens = rows.slice(0, 4).reduce((sum, row) => sum + row.inputIds.length, 0);
    const labels = rows
      .slice(0, 4)
      .reduce((sum, row) => sum + row.labels.filter((label) => label >= 0).length, 0);
    expect(reports[0]).toMatchObject({
      step: 1,
      totalSteps: 9,
      tokens,
      labelTokens: labels,
      learningRate: 0,
    });
    expect(reports[0].tokensPerSecond).toBeCloseTo(tokens / reports[0].seconds, 6);
  });

  it("gives the same steps however a step falls into micro-batches", async () => {
    // Without dropout, whose masks are drawn a micro-batch.
    const still = (batchSize: number, gradientAccumulation: number) =>
      collect({
        ...options({ config: { batchSize, gradientAccumulation, shuffle: false } }),
        loss: (batch) => withDropout(null, () => model.loss(batch)),
      });
    const one = await still(8, 1);
    const end = values();
    gains.forEach((gain, i) => tf.tidy(() => gain.assign(tf.tensor1d(beginnings[i]) as tf.Tensor)));
    const four = await still(2, 4);
    four.forEach((report, i) => {
      expect(report.loss).toBeCloseTo(one[i].loss, 5);
      expect(report.gradNorm / one[i].gradNorm).toBeCloseTo(1, 4);
    });
    values().forEach((gain, i) => gain.forEach((value, j) => expect(value).toBeCloseTo(end[i][j], 5)));
  });

  it("gives the same bits again, and others under another seed", async () => {
    const first = numbers(await collect(options()));
    const end = values();
    gains.forEach((gain, i) => tf.tidy(() => gain.assign(tf.tensor1d(beginnings[i]) as tf.Tensor)));
    expect(numbers(await collect(options()))).toEqual(first);
    expect(values()).toEqual(end);
    gains.forEach((gain, i) => tf.tidy(() => gain.assign(tf.tensor1d(beginnings[i]) as tf.Tensor)));
    expect(numbers(await collect(options({ config: { seed: 6 } })))).not.toEqual(first);
  });

  it("leaves no tensor behind", async () => {
    const before = tf.memory();
    await collect(options({ validation: source(rows.slice(0, 3)), config: { evalEvery: 2 } }));
    expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes });
  });

  it("writes a line a step and checkpoints, and evaluates when due", async () => {
    const run = await RunFolder.create(join(folder, "run"));
    const reports = await collect(
      options({ run, validation: source(rows.slice(0, 3)), config: { saveEvery: 4, evalEvery: 3 } }),
    );
    const lines = (await readFile(join(run.path, "metrics.jsonl"), "utf8")).trim().split("\n");
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(reports);
    expect(await run.checkpointSteps()).toEqual([4, 8, 9]);
    expect(reports.filter((report) => report.validationLoss !== undefined).map(({ step }) => step)).toEqual([
      3, 6, 9,
    ]);
    expect(await readdir(join(run.path, "checkpoints"))).toEqual(["step-4", "step-8", "step-9"]);
  });

  it.each([
    ["at a checkpoint", 4],
    ["between checkpoints", 6],
  ])("gives the same bits after a kill %s and a resume", async (_where, killedAfter) => {
    const whole = numbers(await collect(options()));
    const end = values();
    gains.forEach((gain, i) => tf.tidy(() => gain.assign(tf.tensor1d(beginnings[i]) as tf.Tensor)));

    const run = await RunFolder.create(join(folder, "run"));
    const killed = train(options({ run, config: { saveEvery: 4 } }));
    for await (const report of killed) if (report.step === killedAfter) break;
    // What the killed process held is gone; a line of metrics was cut short.
    gains.forEach((gain) => tf.tidy(() => gain.assign(tf.zerosLike(gain))));
    const metrics = join(run.path, "metrics.jsonl");
    await writeFile(metrics, `${await readFile(metrics, "utf8")}{"step":7,"lo`);

    const resumed = await collect(
      options({ run: await RunFolder.open(run.path), resume: true, config: { saveEvery: 4 } }),
    );
    expect(resumed[0].step).toBe(5);
    expect(numbers(resumed)).toEqual(whole.slice(4));
    expect(values()).toEqual(end);
    const lines = (await readFile(metrics, "utf8")).trim().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as StepReport).step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("checkpoints the last complete step when the signal aborts", async () => {
    const whole = numbers(await collect(options()));
    gains.forEach((gain, i) => tf.tidy(() => gain.assign(tf.tensor1d(beginnings[i]) as tf.Tensor)));
    const run = await RunFolder.create(join(folder, "run"));
    const controller = new AbortController();
    let passes = 0;
    const interrupted = await collect(
      options({
        run,
        signal: controller.signal,
        loss: (batch) => {
          // In the first of the two micro-batches of step 3.
          if (++passes === 5) controller.abort();
          return model.loss(batch);
        },
      }),
    );
    expect(interrupted.map(({ step }) => step)).toEqual([1, 2]);
    expect(await run.checkpointSteps()).toEqual([2]);
    expect(numbers(await collect(options({ run, resume: true })))).toEqual(whole.slice(2));
  });

  it("refuses to resume with other settings, other rows or damaged files", async () => {
    const run = await RunFolder.create(join(folder, "run"));
    for await (const report of train(options({ run, config: { saveEvery: 1 } })))
      if (report.step === 2) break;
    const resume = (more: Partial<TrainOptions>) => collect(options({ run, resume: true, ...more }));
    await expect(resume({ config: { learningRate: 0.03 } })).rejects.toThrow(
      /was written with learningRate 0.02, this run has 0.03/,
    );
    await expect(resume({ rows: source(rows.slice().reverse()) })).rejects.toThrow(/was written with rows/);
    const file = join(run.checkpointPath(2), "optimizer.safetensors");
    const bytes = await readFile(file);
    bytes[bytes.length - 1] ^= 1;
    await writeFile(file, bytes);
    await expect(resume({})).rejects.toThrow(/optimizer\.safetensors: is damaged/);
  });

  it("stops with the step's number when the loss is not finite", async () => {
    const broken = options({
      loss: (batch) => {
        const loss = model.loss(batch);
        const infinite = tf.tidy(() => tf.mul<tf.Scalar>(loss, NaN));
        loss.dispose();
        return infinite;
      },
    });
    const before = tf.memory().numTensors;
    await expect(collect(broken)).rejects.toThrow(/step 1: the loss is NaN/);
    expect(tf.memory().numTensors).toBe(before);
  });

  it("refuses rows without a scored label", async () => {
    const silent = { inputIds: Int32Array.of(1, 2), labels: Int32Array.of(1, -100) };
    await expect(collect(options({ rows: source([rows[0], silent]) }))).rejects.toThrow(
      "row 1: expected at least one scored label after the first token, got none",
    );
    await expect(collect(options({ rows: source([]) }))).rejects.toThrow(
      "rows: expected at least one row, got none",
    );
  });
});

describe("RunFolder", () => {
  it("never overwrites without being told, and never what is not a run", async () => {
    const path = join(folder, "run");
    const run = await RunFolder.create(path);
    await run.appendMetrics({ step: 1 });
    await expect(RunFolder.create(path)).rejects.toThrow(/exists already/);
    expect(await readdir(path)).toContain("metrics.jsonl");
    await RunFolder.create(path, { overwrite: true });
    expect(await readdir(path)).toEqual(["checkpoints"]);
    await writeFile(join(folder, "letter.txt"), "dear");
    await mkdir(join(folder, "checkpoints"));
    await expect(RunFolder.create(folder, { overwrite: true })).rejects.toThrow(
      /is not overwritten, as it also holds what no run writes: letter\.txt, run; move/,
    );
    expect(await readFile(join(folder, "letter.txt"), "utf8")).toBe("dear");
    await rm(join(folder, "checkpoints"), { recursive: true });
    await rm(path, { recursive: true });
    await expect(RunFolder.create(folder, { overwrite: true })).rejects.toThrow(/is not a run/);
    await expect(RunFolder.open(folder)).rejects.toThrow("holds no run to resume");
  });

  it("leaves no checkpoint behind when writing one fails", async () => {
    const run = await RunFolder.create(join(folder, "run"));
    await expect(run.writeCheckpoint(3, {}, () => Promise.reject(new Error("disk full")))).rejects.toThrow(
      "disk full",
    );
    expect(await readdir(join(run.path, "checkpoints"))).toEqual([]);
  });
});

describe("resolveTrainConfig", () => {
  it.each([
    [{ batchSize: 0 }, "batchSize: expected a whole number from 1, got 0"],
    [{ batchSize: 1.5 }, "batchSize: expected a whole number from 1, got 1.5"],
    [{ learningRate: -1 }, "learningRate: expected a number from 0, got -1"],
    [{ learningRate: NaN }, "learningRate: expected a number from 0, got NaN"],
    [{ beta2: 1 }, "beta2: expected a number from 0, below 1, got 1"],
    [{ epochs: 0 }, "epochs: expected a number above 0, got 0"],
    [{ schedule: "square" as never }, "schedule: expected one of cosine, linear, constant, got square"],
  ])("refuses %j", (partial, message) => {
    expect(() => resolveTrainConfig(partial)).toThrow(message);
  });

  it("has the recipe's defaults", () => {
    expect(resolveTrainConfig({})).toMatchObject({
      batchSize: 4,
      gradientAccumulation: 4,
      epochs: 3,
      learningRate: 3e-5,
      schedule: "cosine",
      maxGradNorm: 1,
      saveEvery: 500,
    });
  });
});
