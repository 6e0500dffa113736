/** The seams of the loop: objective, optimiser, schedule, parts of checkpoints, reduction over processes. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromTfjs, startEngine } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  adamW,
  type Objective,
  type Optimiser,
  type Reduce,
  RunFolder,
  type StatePart,
  type StepGradients,
  type StepReport,
  train,
  trainDefaults,
  type TrainableParameter,
  type TrainOptions,
} from "./index.js";

/** A row that has nothing to do with tokens: a point to come near to, and how much it counts. */
interface Point {
  readonly x: number;
  readonly y: number;
  readonly pairs: number;
}
type Batch = readonly Point[];

beforeAll(() => startEngine("wasm", "fp32"));
let folder: string;
let weight: tf.Variable;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lathe-open-loop-"));
  weight = tf.variable(tf.tensor1d([3, -2]));
});
afterEach(async () => {
  weight.dispose();
  await rm(folder, { recursive: true });
});

const points: Point[] = Array.from({ length: 13 }, (_, i) => ({
  x: Math.sin(i),
  y: Math.cos(3 * i),
  pairs: 1 + (i % 3),
}));

/** Σ pairs · |w − (x, y)|², divided by the pairs of the step. */
const distance = (variable: tf.Variable): Objective<Point, Batch> => ({
  identity: { name: "distance" },
  rowFault: ({ pairs }) => (pairs > 0 ? null : "expected at least one pair, got none"),
  rowBytes: ({ x, y, pairs }) => [new Uint8Array(Float64Array.of(x, y, pairs).buffer)],
  batches: (microBatches) => microBatches,
  size: (batch) => ({
    units: batch.reduce((sum, { pairs }) => sum + pairs, 0),
    labelTokens: 0,
    tokens: 2 * batch.length,
  }),
  loss(batch) {
    const square = fromTfjs((w) => {
      const terms = batch.map(({ x, y, pairs }) =>
        tf.mul(tf.sum(tf.square(tf.sub(w, tf.tensor1d([x, y])))), pairs),
      );
      return tf.addN(terms);
    });
    return square(variable) as tf.Scalar;
  },
});

const options = (more: Partial<TrainOptions<Point, Batch>> = {}): TrainOptions<Point, Batch> => ({
  parameters: [{ name: "weight", variable: weight }],
  objective: distance(weight),
  rows: { length: points.length, row: (index) => points[index] },
  ...more,
  config: {
    batchSize: 2,
    gradientAccumulation: 3,
    epochs: 2,
    learningRate: 0.1,
    weightDecay: 0.01,
    seed: 4,
    ...more.config,
  },
});
async function collect(given: TrainOptions<Point, Batch>): Promise<StepReport[]> {
  const reports: StepReport[] = [];
  for await (const report of train(given)) reports.push(report);
  return reports;
}
const restart = (): void => {
  tf.tidy(() => weight.assign(tf.tensor1d([3, -2])));
};
const numbers = (reports: readonly StepReport[]) =>
  reports.map(({ step, loss, gradNorm, learningRate, tokens, validationLoss }) => [
    step,
    loss,
    gradNorm,
    learningRate,
    tokens,
    validationLoss,
  ]);

describe("an objective of one's own", () => {
  it("has its loss divided by the units of the step, whatever the micro-batches", async () => {
    const validation = { length: 5, row: (index: number) => points[index] };
    const small = await collect(options({ validation, config: { shuffle: false } }));
    const end = [...weight.dataSync()];
    restart();
    const large = await collect(
      options({ validation, config: { shuffle: false, batchSize: 6, gradientAccumulation: 1 } }),
    );
    // By hand: the first step sees the first six points from where the weight begins.
    const six = points.slice(0, 6);
    const sum = six.reduce((total, { x, y, pairs }) => total + pairs * ((3 - x) ** 2 + (-2 - y) ** 2), 0);
    expect(small[0].loss).toBeCloseTo(sum / six.reduce((total, { pairs }) => total + pairs, 0), 5);
    small.forEach(({ loss, gradNorm, validationLoss }, i) => {
      expect(loss).toBeCloseTo(large[i].loss, 5);
      expect(gradNorm).toBeCloseTo(large[i].gradNorm, 5);
      if (validationLoss !== undefined) expect(validationLoss).toBeCloseTo(large[i].validationLoss!, 5);
    });
    expect(small.at(-1)!.validationLoss).toBeGreaterThan(0);
    [...weight.dataSync()].forEach((value, i) => expect(value).toBeCloseTo(end[i], 5));
  });

  it("says which rows it cannot use, and is part of what a checkpoint belongs to", async () => {
    const none = { ...points[0], pairs: 0 };
    await expect(collect(options({ rows: { length: 1, row: () => none } }))).rejects.toThrow(
      "row 0: expected at least one pair, got none",
    );
    const run = await RunFolder.create(join(folder, "run"));
    await collect(options({ run, config: { maxSteps: 1 } }));
    const other = { ...distance(weight), identity: { name: "distance", beta: 0.1 } };
    await expect(
      collect(options({ run, resume: true, objective: other, config: { maxSteps: 1 } })),
    ).rejects.toThrow(/was written with objective .*"distance".*this run has .*"beta":0\.1/);
  });
});

describe("an optimiser and a schedule of one's own", () => {
  /** w ← w − η g, with the number of its steps as state. */
  class Descent implements Optimiser {
    readonly identity = { name: "descent" };
    steps = 0;
    disposed = 0;
    constructor(readonly parameters: readonly TrainableParameter[]) {}
    apply(gradientOf: (variable: tf.Variable) => tf.Tensor | null, rate: number, scale = 1): void {
      this.steps++;
      for (const { variable } of this.parameters) {
        const gradient = gradientOf(variable)!;
        tf.tidy(() => variable.assign(tf.sub(variable, tf.mul(gradient, rate * scale))));
      }
    }
    state() {
      return [{ name: "steps", shape: [], values: Float32Array.of(this.steps) }];
    }
    async restore(read: (name: string) => Promise<Float32Array>): Promise<void> {
      [this.steps] = await read("steps");
    }
    dispose(): void {
      this.disposed++;
    }
  }

  it("are used, kept in checkpoints, and freed", async () => {
    const made: Descent[] = [];
    const optimiser = (parameters: readonly TrainableParameter[]): Descent => {
      made.push(new Descent(parameters));
      return made.at(-1)!;
    };
    const schedule = (step: number, totalSteps: number): number => 0.1 * (1 - step / (totalSteps + 1));
    const own = (more: Partial<TrainOptions<Point, Batch>> = {}) =>
      options({ optimiser, schedule, ...more, config: { maxGradNorm: 0, saveEvery: 2, ...more.config } });
    const whole = await collect(own());
    const end = [...weight.dataSync()];
    expect(whole.map(({ learningRate }) => learningRate)).toEqual(
      whole.map(({ step, totalSteps }) => schedule(step, totalSteps)),
    );
    restart();
    const run = await RunFolder.create(join(folder, "run"));
    for await (const { step } of train(own({ run }))) if (step === 3) break;
    expect(numbers(await collect(own({ run, resume: true })))).toEqual(numbers(whole.slice(2)));
    expect([...weight.dataSync()]).toEqual(end);
    expect(made.at(-1)!.steps).toBe(whole.length);
    expect(made.map(({ disposed }) => disposed)).toEqual([1, 1, 1]);
    await expect(collect(own({ run, resume: true, schedule: () => 0.05 }))).rejects.toThrow(
      /was written with schedule "a function with rates of/,
    );
    await expect(collect(own({ run, resume: true, optimiser: adamW(trainDefaults) }))).rejects.toThrow(
      /was written with optimiser .*"descent".*this run has .*"adamw"/,
    );
  });

  it("decays and moves each parameter by what is its own", async () => {
    const variables = [1, 2, 3].map(() => tf.variable(tf.tensor1d([3, -2])));
    const [plain, still, fast] = variables;
    const all = { ...distance(weight), loss: (batch: Batch) => sumOfLosses(batch) };
    const sumOfLosses = (batch: Batch): tf.Scalar => {
      const square = fromTfjs((a, b, c) =>
        tf.mul(tf.addN([a, b, c].map((w) => tf.sum(tf.square(w)))), batch.length),
      );
      return square(plain, still, fast) as tf.Scalar;
    };
    const parameters: TrainableParameter[] = [
      { name: "plain", variable: plain },
      { name: "still", variable: still, weightDecay: 0 },
      { name: "fast", variable: fast, learningRateFactor: 4 },
    ];
    const config = { maxSteps: 1, schedule: "constant", maxGradNorm: 0, weightDecay: 0.5 } as const;
    await collect(options({ parameters, objective: all, config }));
    // The first step of AdamW is the rate against the sign of the gradient, after the decay.
    expect(plain.dataSync()[0]).toBeCloseTo(3 * (1 - 0.1 * 0.5) - 0.1, 5);
    expect(still.dataSync()[0]).toBeCloseTo(3 - 0.1, 5);
    expect(fast.dataSync()[0]).toBeCloseTo(3 * (1 - 0.4 * 0.5) - 0.4, 5);
    await expect(
      collect(options({ parameters: [{ name: "w", variable: plain, weightDecay: -1 }] })),
    ).rejects.toThrow("parameters: w: weightDecay: expected a number from 0, got -1");
    tf.dispose(variables);
  });
});

describe("parts of checkpoints", () => {
  it("are written, required and read with the others", async () => {
    let note = "begun";
    const diary: StatePart = {
      required: ["diary.txt"],
      save: (into) => writeFile(join(into, "diary.txt"), note),
      async load(from) {
        note = await readFile(join(from, "diary.txt"), "utf8");
      },
    };
    const run = await RunFolder.create(join(folder, "run"));
    const given = (more: Partial<TrainOptions<Point, Batch>>) =>
      options({ run, config: { maxSteps: 2 }, ...more });
    await collect(given({ state: { diary } }));
    note = "lost";
    await collect(given({ state: { diary }, resume: true }));
    expect(note).toBe("begun");
    const second = { ...diary, required: ["second.txt"] };
    await expect(collect(given({ state: { diary, second }, resume: true }))).rejects.toThrow(
      /expected second\.txt in it, got none/,
    );
    await expect(collect(given({ state: { optimiser: diary } }))).rejects.toThrow(
      "state: expected names that differ, got optimiser twice",
    );
  });
});

describe("a reduction over processes", () => {
  /** Processes in one: each call waits until all have made it, then sums. */
  class Meeting {
    readonly #waiting: { own: readonly number[]; answer: (sums: number[]) => void }[] = [];
    constructor(readonly size: number) {}

    async sum(own: readonly number[]): Promise<number[]> {
      return new Promise((answer) => {
        this.#waiting.push({ own, answer });
        if (this.#waiting.length < this.size) return;
        const all = this.#waiting.splice(0);
        const sums = own.map((_, i) => all.reduce((total, each) => total + each.own[i], 0));
        for (const each of all) each.answer(sums);
      });
    }
    /** The hook of one process. */
    reduce(variables: readonly tf.Variable[]): Reduce {
      return {
        numbers: (own) => this.sum(own),
        gradients: async (gradients: StepGradients) => {
          for (const variable of variables) {
            const own = gradients.gradient(variable)?.dataSync() ?? new Float32Array(variable.size);
            gradients.replace(variable, tf.tensor(await this.sum([...own]), variable.shape));
          }
          return undefined;
        },
      };
    }
  }

  const validation = { length: 4, row: (index: number) => points[index] };

  it("changes no bit of a process by itself", async () => {
    const before = tf.memory().numTensors;
    const plain = await collect(options({ validation }));
    const end = [...weight.dataSync()];
    restart();
    const reduced = await collect(options({ validation, reduce: new Meeting(1).reduce([weight]) }));
    expect(numbers(reduced)).toEqual(numbers(plain));
    expect([...weight.dataSync()]).toEqual(end);
    expect(tf.memory().numTensors).toBe(before);
  });

  it("gives several processes the steps of one, uneven last steps included", async () => {
    const plain = await collect(options());
    const end = [...weight.dataSync()];
    for (const processes of [2, 3, 4]) {
      const meeting = new Meeting(processes);
      const weights = Array.from({ length: processes }, () => tf.variable(tf.tensor1d([3, -2])));
      const runs = await Promise.all(
        weights.map((own, rank) =>
          collect(
            options({
              parameters: [{ name: "weight", variable: own }],
              objective: distance(own),
              reduce: meeting.reduce([own]),
              share: (count) => [...Array(count).keys()].filter((number) => number % processes === rank),
            }),
          ),
        ),
      );
      for (const reports of runs) {
        expect(numbers(reports)).toEqual(numbers(runs[0]));
        reports.forEach(({ loss, gradNorm, tokens }, i) => {
          expect(loss / plain[i].loss).toBeCloseTo(1, 5);
          expect(gradNorm / plain[i].gradNorm).toBeCloseTo(1, 5);
          expect(tokens).toBe(plain[i].tokens);
        });
      }
      for (const own of weights) {
        [...own.dataSync()].forEach((value, i) => expect(value).toBeCloseTo(end[i], 5));
      }
      tf.dispose(weights);
    }
  });

  it("ends all processes before the same step when one is interrupted", async () => {
    const meeting = new Meeting(2);
    const interrupt = new AbortController();
    const weights = [0, 1].map(() => tf.variable(tf.tensor1d([3, -2])));
    const follow = async (own: tf.Variable, rank: number) => {
      const steps = train(
        options({
          parameters: [{ name: "weight", variable: own }],
          objective: distance(own),
          reduce: meeting.reduce([own]),
          share: (count) => [...Array(count).keys()].filter((number) => number % 2 === rank),
          ...(rank === 0 ? { signal: interrupt.signal } : {}),
        }),
      );
      for (;;) {
        const next = await steps.next();
        if (next.done) return next.value;
        if (rank === 0 && next.value.step === 2) interrupt.abort();
      }
    };
    const ends = await Promise.all(weights.map(follow));
    expect(ends).toEqual([
      { completed: false, step: 2 },
      { completed: false, step: 2 },
    ]);
    tf.dispose(weights);
  });

  it("takes the norm from the hook where a process holds a part of the sums", async () => {
    const reduce: Reduce = { numbers: async (own) => own, gradients: async () => 25 };
    const [report] = await collect(options({ reduce, config: { maxSteps: 1 } }));
    expect(report.gradNorm).toBe(5);
  });
});
