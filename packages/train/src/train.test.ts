import { type Phrase, sayPhrase } from "@lathe/files";
import { execFile, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type LabelledBatch, type LabelledRow, type LanguageModel, loadModel } from "@lathe/model";
import { dropout, fromTfjs, listEngines, multiplyRows, startEngine, withDropout } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  type CheckpointFacts,
  type CheckpointState,
  NoIntactCheckpointError,
  resolveTrainConfig,
  RunFolder,
  RunFolderError,
  safetensorsFiles,
  type StepReport,
  supervised,
  train,
  type TrainEnd,
  type TrainConfig,
  type TrainOptions,
} from "./index.js";
import { rowOrder } from "@lathe/kernels";

const base = fileURLToPath(new URL("../../model/fixtures/models/llama/", import.meta.url));

type Options = TrainOptions<LabelledRow, LabelledBatch>;

/** Replaces a folder in a process that is killed between the two renames. */
async function killedWhileReplacing(place: string): Promise<void> {
  await mkdir(place);
  const killer = fileURLToPath(new URL("../../files/testing/kill-at.mjs", import.meta.url));
  const { signal } = spawnSync(process.execPath, [killer, "2", "folder", place, "rename"]);
  expect(signal).toBe("SIGKILL");
  expect(await readdir(join(place, ".."))).not.toContain(basename(place));
}

/** What becomes of opening a run in a process of the built package, which does not close it. */
async function inAnotherProcess(path: string, work: string): Promise<string[]> {
  const dist = new URL("../dist/index.js", import.meta.url).href;
  const program = `
    import { RunFolder } from ${JSON.stringify(dist)};
    const path = ${JSON.stringify(path)};
    console.log(await ${work}.then(() => "opened", ({ name, message }) => name + " " + message));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program]);
  return stdout.trim().split("\n");
}

let folder: string;
let model: LanguageModel;
let gains: tf.Variable[];
let beginnings: Float32Array[];

/** Rows of different length; about half of each is scored. */
const rows = Array.from({ length: 11 }, (_, row) => {
  const ids = rowOrder(300, row, 1, true).subarray(0, 5 + ((row * 7) % 9));
  return { inputIds: ids, labels: ids.map((id, i) => (i < ids.length / 2 ? -100 : id)) };
});
const source = (some: readonly LabelledRow[] = rows) => ({
  length: some.length,
  row: (index: number) => some[index],
});

/** Engines that run here; the plain one is too slow for all of this. */
const probed = await Promise.all(
  listEngines()
    .filter(({ name }) => name !== "cpu")
    .map(async (engine) => ((await engine.probe()) === null ? engine.name : null)),
);
const engines = probed.filter((name) => name !== null);

async function prepare(engine: string): Promise<void> {
  await startEngine(engine, "fp32");
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
}
function release(): void {
  model.dispose();
  tf.dispose(gains);
}
function restart(): void {
  gains.forEach((gain, i) => tf.tidy(() => gain.assign(tf.tensor1d(beginnings[i]) as tf.Tensor)));
}
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lathe-train-"));
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
const options = (more: Partial<Options> = {}): Options => ({
  parameters: gains.map((variable, i) => ({ name: `gain.${i}`, variable })),
  objective: supervised(model),
  rows: source(),
  ...more,
  config: { ...config, ...more.config },
});

async function collect(given: Options): Promise<StepReport[]> {
  const reports: StepReport[] = [];
  for await (const report of train(given)) reports.push(report);
  return reports;
}
/** Reports and the end. */
async function follow(given: Options): Promise<{ reports: StepReport[]; end: TrainEnd }> {
  const reports: StepReport[] = [];
  const steps = train(given);
  for (;;) {
    const next = await steps.next();
    if (next.done) return { reports, end: next.value };
    reports.push(next.value);
  }
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

describe.each(engines)("train, %s", (engine) => {
  beforeAll(() => prepare(engine));
  afterAll(release);
  beforeEach(restart);

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
        objective: supervised({ loss: (batch) => withDropout(null, () => model.loss(batch)) }),
      });
    const one = await still(8, 1);
    const end = values();
    restart();
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
    restart();
    expect(numbers(await collect(options()))).toEqual(first);
    expect(values()).toEqual(end);
    restart();
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
    const losses = reports.map(({ validationLoss = Number.POSITIVE_INFINITY }) => validationLoss);
    // When due, at the end, and after each evaluation that is better than those before.
    const isBest = (index: number): boolean =>
      Number.isFinite(losses[index]) && losses.slice(0, index).every((loss) => losses[index] < loss);
    const written = reports
      .map(({ step }) => step)
      .filter((step) => [4, 8, 9].includes(step) || isBest(step - 1));
    expect(reports.filter(({ checkpoint }) => checkpoint !== undefined).map(({ step }) => step)).toEqual(
      written,
    );
    const best = losses.indexOf(Math.min(...losses)) + 1;
    const stepsOfCheckpoints = written.filter((step, index) => index >= written.length - 3 || step === best);
    expect(await run.checkpointSteps()).toEqual(stepsOfCheckpoints);
    expect(reports.filter((report) => report.validationLoss !== undefined).map(({ step }) => step)).toEqual([
      3, 6, 9,
    ]);
    expect((await readdir(join(run.path, "checkpoints"))).sort()).toEqual(
      stepsOfCheckpoints.map((step) => `step-${step}`),
    );
  });

  it("leaves a checkpoint of the last complete step where the next one fails, and goes on from it with other micro-batches", async () => {
    const run = await RunFolder.create(join(folder, "run"));
    const plain = supervised(model);
    let micro = 0;
    const objective = {
      ...plain,
      loss: (...given: Parameters<typeof plain.loss>) => {
        if (++micro === 6) throw new RangeError("Array buffer allocation failed");
        return plain.loss(...given);
      },
    };
    const config = { batchSize: 2, gradientAccumulation: 2, saveEvery: 0 };
    await expect(collect({ ...options({ run, config }), objective })).rejects.toThrow("allocation failed");
    expect(await run.checkpointSteps()).toEqual([2]);
    const smaller = { batchSize: 1, gradientAccumulation: 4, saveEvery: 0 };
    const rest = await collect(options({ run, resume: true, config: smaller }));
    expect(rest[0].step).toBe(3);
    const other = { batchSize: 1, gradientAccumulation: 2 };
    await expect(collect(options({ run, resume: true, config: other }))).rejects.toThrow("rowsPerStep");
  });

  it.each([
    ["at a checkpoint", 4],
    ["between checkpoints", 6],
  ])("gives the same bits after a kill %s and a resume", async (_where, killedAfter) => {
    const whole = numbers(await collect(options()));
    const end = values();
    restart();

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
    restart();
    const run = await RunFolder.create(join(folder, "run"));
    const controller = new AbortController();
    let passes = 0;
    const interrupted = await collect(
      options({
        run,
        signal: controller.signal,
        objective: supervised({
          loss(batch) {
            // In the first of the two micro-batches of step 3.
            if (++passes === 5) controller.abort();
            return model.loss(batch);
          },
        }),
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
    const resume = (more: Partial<Options>) => collect(options({ run, resume: true, ...more }));
    await expect(resume({ config: { learningRate: 0.03 } })).rejects.toThrow(
      /was written with learningRate 0.02, this run has 0.03/,
    );
    await expect(resume({ rows: source(rows.slice().reverse()) })).rejects.toThrow(/was written with rows/);
    const file = join(run.checkpointPath(2), "optimizer.safetensors");
    const bytes = await readFile(file);
    bytes[bytes.length - 1] ^= 1;
    await writeFile(file, bytes);
    const passedOver: unknown[] = [];
    await resume({ onResume: (from) => passedOver.push(from.state.step, ...from.passedOver) });
    expect(passedOver).toEqual([
      1,
      {
        step: 2,
        path: run.checkpointPath(2),
        damage: "changed",
        file: "optimizer.safetensors",
        detail: null,
      },
    ]);
  });

  it("stops with the step's number when the loss is not finite", async () => {
    const broken = options();
    tf.tidy(() => gains[1].assign(tf.tensor1d(beginnings[1].map(() => NaN)) as tf.Tensor));
    const before = tf.memory().numTensors;
    await expect(collect(broken)).rejects.toThrow(
      /step 3: the loss is NaN \(rows .*; tensors gain.1\), and so in 3 steps in a row; none of it was applied/,
    );
    expect(tf.memory().numTensors).toBe(before);
  });

  it("does not apply a step that is not finite, names its row, and counts such steps when it goes on", async () => {
    const bad = rows[5];
    const plain = supervised(model);
    const objective: Options["objective"] = {
      ...plain,
      loss: (batch) =>
        batch.tokens.join().includes(bad.inputIds.join())
          ? (fromTfjs((x) => tf.mul(x, Number.NaN))(plain.loss(batch)) as tf.Scalar)
          : plain.loss(batch),
    };
    const given = options({ objective, config: { shuffle: false, batchSize: 1, maxBadSteps: 2 } });
    const run = await RunFolder.create(folder, { overwrite: true });
    const reports = await collect({ ...given, run });
    expect(reports.filter(({ bad }) => bad).map(({ epoch, bad }) => [epoch, bad])).toEqual(
      [0, 1, 2].map((epoch) => [epoch, { quantity: "loss", rows: [5], tensors: [] }]),
    );
    expect(values().flat().every(Number.isFinite)).toBe(true);
    restart();
    const always = { ...plain, loss: objective.loss };
    const only = { ...given, objective: always, rows: source([bad]), config: { ...given.config, epochs: 9 } };
    const ended = await RunFolder.create(join(folder, "ended"));
    await expect(collect({ ...only, run: ended })).rejects.toThrow(/step 2: .*2 steps in a row/);
    expect(await ended.checkpointSteps()).toEqual([2]);
    expect(values()).toEqual(beginnings.map((gain) => [...gain]));
    await expect(collect({ ...only, run: ended, resume: true })).rejects.toThrow(
      /step 3: .*3 steps in a row/,
    );
  });

  it("marks losses that leap up with the places of their rows, also when the run goes on", async () => {
    const plain = supervised(model);
    const leaping = rows[5];
    let isLeaping = true;
    const objective: Options["objective"] = {
      ...plain,
      loss: (batch) =>
        isLeaping && batch.tokens.join().includes(leaping.inputIds.join())
          ? (fromTfjs((x) => tf.mul(x, 20))(plain.loss(batch)) as tf.Scalar)
          : plain.loss(batch),
    };
    const placed = { ...source(), place: (index: number) => `rows.jsonl:${index + 1}` };
    const given = options({
      objective,
      rows: placed,
      config: { shuffle: false, batchSize: 1, gradientAccumulation: 1, maxSteps: 28, learningRate: 1e-4 },
    });
    const run = await RunFolder.create(folder, { overwrite: true });
    const whole = await collect({ ...given, run });
    const spikes = whole.flatMap(({ step, spike }) => (spike ? [[step, spike.rows, spike.places]] : []));
    // Rows 0 to 10 in turn: row 5 is that of step 6, before there is enough to compare with, of 17 and of 28.
    expect(spikes).toEqual([17, 28].map((step) => [step, [5], ["rows.jsonl:6"]]));
    restart();
    const parts = await RunFolder.create(join(folder, "parts"));
    const controller = new AbortController();
    for await (const { step } of train({ ...given, run: parts, signal: controller.signal })) {
      if (step === 20) controller.abort();
    }
    const rest = await collect({ ...given, run: parts, resume: true });
    expect(rest.map(({ spike }) => spike)).toEqual(whole.slice(20).map(({ spike }) => spike));
    expect(rest.at(-1)!.stalled).toEqual(whole.at(-1)!.stalled);
    isLeaping = false;
    restart();
    expect((await collect(given)).filter(({ spike }) => spike)).toEqual([]);
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

  it("names the row that is wrong, before the first step", async () => {
    const ids = Int32Array.of(1, 2, 3, 4, 5, 6, 7);
    const wrong = (inputIds: Int32Array, labels: Int32Array) =>
      collect(options({ rows: source([rows[0], rows[1], { inputIds, labels }]) }));
    await expect(wrong(ids, ids.with(3, 9999))).rejects.toThrow(
      "row 2: label 9999 at position 3 is outside the vocabulary of 320",
    );
    await expect(wrong(ids.with(6, 320), ids)).rejects.toThrow(
      "row 2: token id 320 at position 6 is outside the vocabulary of 320",
    );
    await expect(wrong(ids, ids.with(1, -1))).rejects.toThrow("row 2: label -1 at position 1");
    await expect(wrong(ids, ids.slice(0, 5))).rejects.toThrow("row 2: expected 7 labels, one a token, got 5");
    const silent = { inputIds: ids, labels: ids.map(() => -100) };
    await expect(collect(options({ validation: source([rows[0], silent]) }))).rejects.toThrow(
      "validation row 1: expected at least one scored label",
    );
  });

  it("leaves no tensor behind when a loss throws", async () => {
    const before = tf.memory().numTensors;
    const loss = (): tf.Scalar => {
      throw new Error("no loss");
    };
    await expect(collect(options({ objective: supervised({ loss }) }))).rejects.toThrow("no loss");
    expect(tf.memory().numTensors).toBe(before);
    const labels = Int32Array.from(rows[0].labels, (label) => (label < 0 ? label : 9999));
    const wrong = { length: 1, row: () => ({ inputIds: rows[0].inputIds, labels }) };
    await expect(
      collect(options({ rows: wrong, objective: supervised({ loss: (batch) => model.loss(batch) }) })),
    ).rejects.toThrow();
    expect(tf.memory().numTensors).toBe(before);
    // A pullback that throws, after the forward pass.
    const failing = fromTfjs((x) => {
      if (++calls > 1) throw new Error("no gradient");
      return tf.sum<tf.Scalar>(x);
    });
    let calls = 0;
    await expect(
      collect(options({ objective: supervised({ loss: () => failing(gains[0]) }) })),
    ).rejects.toThrow("no gradient");
    expect(tf.memory().numTensors).toBe(before);
  });

  it("clips to the global norm", async () => {
    const [w, v] = [tf.variable(tf.tensor1d([0])), tf.variable(tf.tensor1d([0]))];
    const weighted = fromTfjs((x, y) => tf.sum<tf.Scalar>(tf.add(tf.mul(x, 3), tf.mul(y, 4))));
    const [report] = await collect({
      parameters: [
        { name: "w", variable: w },
        { name: "v", variable: v },
      ],
      objective: supervised({ loss: () => weighted(w, v) }),
      rows: source([{ inputIds: Int32Array.of(1, 2), labels: Int32Array.of(-100, 2) }]),
      config: { maxSteps: 1, learningRate: 0.1, epsilon: 1, maxGradNorm: 1 },
    });
    expect(report.gradNorm).toBeCloseTo(5, 5);
    expect(w.dataSync()[0]).toBeCloseTo((-0.1 * 0.6) / 1.6, 6);
    expect(v.dataSync()[0]).toBeCloseTo((-0.1 * 0.8) / 1.8, 6);
    tf.dispose([w, v]);
  });

  it("says that an interrupt in the first step completed nothing, also after a resume", async () => {
    const run = await RunFolder.create(join(folder, "run"));
    const interrupted = (resume: boolean, atCall: number) => {
      const controller = new AbortController();
      let calls = 0;
      const loss = (batch: LabelledBatch): tf.Scalar => {
        if (++calls === atCall) controller.abort();
        return model.loss(batch);
      };
      return follow(options({ run, resume, objective: supervised({ loss }), signal: controller.signal }));
    };
    expect(await interrupted(false, 1)).toEqual({ reports: [], end: { completed: false, step: 0 } });
    expect(await run.checkpointSteps()).toEqual([]);
    // Without a checkpoint there is nothing to go on from: it begins anew.
    const second = await interrupted(true, 5);
    expect(second.reports.map(({ step }) => step)).toEqual([1, 2]);
    expect(second.end).toEqual({ completed: false, step: 2 });
    expect(await interrupted(true, 1)).toEqual({ reports: [], end: { completed: false, step: 2 } });
    const rest = await follow(options({ run, resume: true }));
    expect(rest.end).toEqual({ completed: true, step: 9 });
    // A run that is complete stays so, and nothing is done again.
    const bits = values();
    expect(await follow(options({ run, resume: true }))).toEqual({
      reports: [],
      end: { completed: true, step: 9 },
    });
    expect(values()).toEqual(bits);
    expect(await follow(options({ signal: AbortSignal.abort() }))).toEqual({
      reports: [],
      end: { completed: false, step: 0 },
    });
  });

  it("makes up for an evaluation that was interrupted", async () => {
    const validation = source(rows.slice(0, 5));
    const whole = await collect(options({ validation }));
    restart();
    const run = await RunFolder.create(join(folder, "run"));
    const controller = new AbortController();
    const cut = await follow(
      options({ run, validation, signal: controller.signal, onEvaluation: () => controller.abort() }),
    );
    expect(cut.end).toEqual({ completed: false, step: 9 });
    expect(cut.reports.at(-1)).not.toHaveProperty("validationLoss");
    expect(await run.checkpointSteps()).toEqual([9]);
    const { reports, end } = await follow(options({ run, validation, resume: true }));
    expect(end).toEqual({ completed: true, step: 9 });
    expect(reports.map(({ step, validationLoss }) => [step, validationLoss])).toEqual([
      [9, whole.at(-1)!.validationLoss],
    ]);
    const lines = await run.readMetrics(9);
    expect(lines.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(lines.at(-1)).toEqual(reports[0]);
    expect((await follow(options({ run, validation, resume: true }))).reports).toEqual([]);
  });

  it("finishes a checkpoint during which the signal aborts", async () => {
    const run = await RunFolder.create(join(folder, "run"));
    const controller = new AbortController();
    const parameters = options().parameters;
    const files = safetensorsFiles(parameters);
    let saves = 0;
    const { end } = await follow(
      options({
        run,
        signal: controller.signal,
        config: { saveEvery: 4 },
        files: {
          load: (from) => files.load(from),
          async save(into) {
            saves++;
            controller.abort();
            await files.save(into);
          },
        },
      }),
    );
    expect(end).toEqual({ completed: false, step: 4 });
    expect(saves).toBe(1);
    expect((await follow(options({ run, resume: true }))).end).toEqual({ completed: true, step: 9 });
  });

  it("refuses another length where the schedule depends on it, and takes it where not", async () => {
    const run = await RunFolder.create(join(folder, "cosine"));
    await collect(options({ run, config: { maxSteps: 3 } }));
    const resumed = (maxSteps: number) => collect(options({ run, resume: true, config: { maxSteps } }));
    await expect(resumed(5)).rejects.toThrow(
      /was written with 3 as the number of steps of the whole run, this run has 5.*same epochs and maxSteps/,
    );
    await expect(resumed(2)).rejects.toThrow("has done 3 steps already, more than the 2 of this run");
    restart();
    const constant = (more: Partial<Options>, maxSteps: number) =>
      collect(options({ ...more, config: { schedule: "constant", maxSteps } }));
    const whole = numbers(await constant({}, 5));
    restart();
    const short = await RunFolder.create(join(folder, "constant"));
    await constant({ run: short }, 3);
    expect(numbers(await constant({ run: short, resume: true }, 5))).toEqual(whole.slice(3));
  });

  it("refuses a checkpoint that is not sound, or of other parameters or another engine", async () => {
    const run = await RunFolder.create(join(folder, "run"));
    await collect(options({ run, config: { maxSteps: 1 } }));
    const resume = (more: Partial<Options> = {}) =>
      collect(options({ run, resume: true, ...more, config: { maxSteps: 1 } }));
    const renamed = options().parameters.map(({ variable }, i) => ({ name: `other.${i}`, variable }));
    await expect(resume({ parameters: [options().parameters[0], renamed[1]] })).rejects.toThrow(
      /was written with gain\.1 \[\d+\] as parameter 2 of 2, this run has other\.1 \[\d+\] there/,
    );
    await expect(resume({ rows: { ...source(), fingerprint: "another" } })).rejects.toThrow(
      /other than those/,
    );
    const path = join(run.checkpointPath(1), "state.json");
    const state = JSON.parse(await readFile(path, "utf8")) as CheckpointState;
    const { "optimizer.safetensors": _left, ...files } = state.files;
    for (const [change, message] of [
      [null, /step 1: state\.json cannot be read: expected an object, got null/],
      [[], /expected an object, got \[\]/],
      [{ version: 1 }, /expected version 2, got 1/],
      [{ version: 2 }, /expected step 1, as its folder says, got nothing/],
      [{ ...state, step: 2 }, /expected step 1, as its folder says, got 2/],
      [{ ...state, files: undefined }, /expected an object as files, got nothing/],
      [{ ...state, identity: null }, /expected an object as identity, got null/],
      [{ ...state, step: 1, random: { seed: 6, step: 1 } }, /state\.json is damaged/],
      [sealed({ ...state, files: { ...state.files, gone: "0" } }), /gone is missing/],
    ] as const) {
      await writeFile(path, JSON.stringify(change));
      const refused = resume();
      await expect(refused).rejects.toThrow(message);
      await expect(refused).rejects.toBeInstanceOf(NoIntactCheckpointError);
    }
    for (const [change, message] of [
      [sealed({ ...state, files }), /expected optimizer\.safetensors in it, got none/],
      [
        sealed({ ...state, identity: { ...state.identity, engine: "abacus" } }),
        `was written with engine abacus, and this is engine ${engine}, which rounds differently; resume with engine abacus`,
      ],
    ] as const) {
      await writeFile(path, JSON.stringify(change));
      const refused = resume();
      await expect(refused).rejects.toThrow(message);
      await expect(refused).rejects.toBeInstanceOf(RunFolderError);
    }
  });

  it("refuses parameters that are none or share a name, and warns of a warm-up without an end", async () => {
    const [first] = options().parameters;
    await expect(collect(options({ parameters: [] }))).rejects.toThrow(
      "parameters: expected at least one to train, got none",
    );
    await expect(collect(options({ parameters: [first, first] }))).rejects.toThrow(
      "parameters: expected names that differ, got gain.0 twice",
    );
    const warnings: string[] = [];
    const onWarning = (warning: string | Phrase) => warnings.push(sayPhrase(warning));
    await collect(options({ onWarning, config: { maxSteps: 2, warmupSteps: 1 } }));
    expect(warnings).toEqual([]);
    await collect(options({ onWarning, config: { maxSteps: 2, warmupSteps: 2 } }));
    expect(warnings).toEqual(["warmupSteps 2: the run has 2 steps, so the learning rate never reaches 0.02"]);
  });
});

const factsOf = (step: number): CheckpointFacts => ({
  step,
  config: resolveTrainConfig(config),
  data: { epoch: 0, rows: 0 },
  random: { seed: 0, step },
  schedule: { totalSteps: 9, learningRate: 0 },
  identity: {},
});

/** A state with the hash that belongs to it. */
function sealed({ sha256: _sha256, ...rest }: CheckpointState): CheckpointState {
  return { ...rest, sha256: createHash("sha256").update(JSON.stringify(rest)).digest("hex") };
}

describe("RunFolder", () => {
  it("never overwrites without being told, and never what is not a run", async () => {
    const path = join(folder, "run");
    const run = await RunFolder.create(path);
    await run.appendMetrics({ step: 1 });
    await expect(RunFolder.create(path)).rejects.toThrow(/exists already/);
    expect(await readdir(path)).toContain("metrics.jsonl");
    await (await RunFolder.create(path, { overwrite: true })).close();
    await run.close();
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

  it("replaces a run whole, and never a folder with checkpoints of something else", async () => {
    const run = await RunFolder.create(join(folder, "run"));
    await run.writeCheckpoint(factsOf(1), (into) => writeFile(join(into, "a"), "b"));
    await run.writeConfig({});
    await run.write("report.json", "{}");
    await mkdir(join(run.path, "adapter"));
    await (await RunFolder.create(run.path, { overwrite: true })).close();
    await run.close();
    expect(await readdir(run.path)).toEqual(["checkpoints"]);
    await writeFile(join(run.path, "checkpoints", "epoch-1.bin"), "weights");
    await expect(RunFolder.create(run.path, { overwrite: true })).rejects.toThrow(
      /checkpoints\/epoch-1\.bin/,
    );
    expect(await readdir(join(run.path, "checkpoints"))).toEqual(["epoch-1.bin"]);
  });

  it("clears what a killed process left, and nothing else", async () => {
    const begun = await RunFolder.create(join(folder, "run"));
    await begun.close();
    const checkpoints = join(begun.path, "checkpoints");
    await killedWhileReplacing(join(checkpoints, "step-2"));
    await killedWhileReplacing(join(begun.path, "adapter"));
    for (const name of ["mine", "step-1"]) await mkdir(join(checkpoints, name));
    await mkdir(begun.spillPath);
    await writeFile(join(begun.spillPath, "streams"), "inputs of layers");
    const run = await RunFolder.open(begun.path);
    expect((await readdir(checkpoints)).sort()).toEqual(["mine", "step-1", "step-2"]);
    expect(await run.checkpointSteps()).toEqual([1, 2]);
    await run.close();
    expect(await readdir(run.path)).toEqual(["adapter", "checkpoints"]);
  });

  it("is written by one process at a time, whether it is begun, overwritten or resumed", async () => {
    const path = join(folder, "run");
    const run = await RunFolder.create(path);
    const others = async (): Promise<string[]> => [
      ...(await inAnotherProcess(path, "RunFolder.checkFree(path)")),
      ...(await inAnotherProcess(path, "RunFolder.create(path)")),
      ...(await inAnotherProcess(path, "RunFolder.create(path, { overwrite: true })")),
      ...(await inAnotherProcess(path, "RunFolder.open(path)")),
    ];
    const refusal = `LockedError ${path}: is being written by process ${process.pid} since `;
    for (const line of await others()) expect(line.slice(0, refusal.length)).toBe(refusal);
    // Another handle of this process keeps it as well.
    const again = await RunFolder.open(path);
    await run.close();
    expect((await inAnotherProcess(path, "RunFolder.open(path)"))[0]).toMatch(/^LockedError/);
    await again.close();
    expect(await readdir(path)).toEqual(["checkpoints"]);
    expect(await inAnotherProcess(path, "RunFolder.open(path)")).toEqual(["opened"]);
    // That process has ended without closing it.
    await (await RunFolder.open(path)).close();
    expect(await readdir(path)).toEqual(["checkpoints"]);
  });

  it("leaves no checkpoint behind when writing one fails", async () => {
    const run = await RunFolder.create(join(folder, "run"));
    await expect(
      run.writeCheckpoint(factsOf(3), () => Promise.reject(new Error("disk full"))),
    ).rejects.toThrow("disk full");
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
