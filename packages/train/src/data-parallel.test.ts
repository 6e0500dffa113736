/** The law of data parallelism: any number of ranks takes the steps of one. */
import { localGroup } from "@lathe/distributed";
import { activeTape, fromTfjs, startEngine } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import {
  beginAlike,
  dataParallel,
  type DataParallelOptions,
  type Objective,
  type StepReport,
  namedOptimiser,
  train,
  type TrainConfig,
  trainDefaults,
  type TrainOptions,
} from "./index.js";

interface Point {
  readonly at: readonly number[];
  readonly pairs: number;
}
type Batch = readonly Point[];

beforeAll(() => startEngine("wasm", "fp32"));

const points: Point[] = Array.from({ length: 13 }, (_, i) => ({
  at: Array.from({ length: 40 }, (__, j) => Math.sin(i * 7 + j * 3)),
  pairs: 1 + (i % 4),
}));
const beginning = Array.from({ length: 40 }, (_, i) => Math.cos(i));

/** Σ pairs · |w − at|⁴ and, for rows of three pairs alone, of another variable as well. */
const distance = (near: tf.Variable, seldom: tf.Variable): Objective<Point, Batch> => ({
  identity: { name: "distance" },
  rowFault: () => null,
  rowBytes: ({ at }) => [new Uint8Array(Float64Array.from(at).buffer)],
  batches: (microBatches) => microBatches,
  size: (batch) => ({
    units: batch.reduce((sum, { pairs }) => sum + pairs, 0),
    labelTokens: 0,
    tokens: batch.length,
  }),
  loss([{ at, pairs }]) {
    const power = (w: tf.Tensor): tf.Tensor =>
      tf.mul(tf.sum(tf.square(tf.square(tf.sub(w, tf.tensor1d([...at]))))), pairs);
    return (
      pairs === 3 ? fromTfjs((w, s) => power(tf.add(w, s)))(near, seldom) : fromTfjs((w) => power(w))(near)
    ) as tf.Scalar;
  },
});

const config = {
  batchSize: 1,
  gradientAccumulation: 4,
  epochs: 3,
  learningRate: 0.05,
  weightDecay: 0.01,
  seed: 4,
  evalEvery: 2,
};

interface Finished {
  readonly reports: StepReport[];
  readonly values: number[];
}

interface Setting {
  readonly config?: Partial<TrainConfig>;
  /** Hears of every micro-batch that a rank computes in a step. */
  readonly computing?: (rank: number) => void;
}

/** Keeps the processor busy. */
function wait(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

/** What each rank comes to. @param size ranks; null for the loop without any */
async function runOn(
  size: number | null,
  deterministic = false,
  more: Partial<DataParallelOptions> = {},
  { config: settings = config, computing }: Setting = {},
): Promise<Finished[]> {
  const ranks = size === null ? [null] : localGroup(size);
  return await Promise.all(
    ranks.map(async (collective) => {
      // What other ranks begin with is the first one's.
      const offset = collective === null ? 0 : collective.rank;
      const near = tf.tidy(() => tf.variable(tf.tensor1d(beginning.map((value) => value + offset))));
      const seldom = tf.tidy(() => tf.variable(tf.tensor1d(beginning.map((value) => value * 0.5 + offset))));
      const parameters = [
        { name: "near", variable: near },
        { name: "seldom", variable: seldom },
      ];
      const objective = distance(near, seldom);
      if (collective) await beginAlike(collective, parameters);
      const options: TrainOptions<Point, Batch> = {
        parameters,
        objective: {
          ...objective,
          loss(batch, add) {
            if (activeTape()) computing?.(offset);
            return objective.loss(batch, add);
          },
        },
        rows: { length: points.length, row: (index) => points[index] },
        validation: { length: 7, row: (index) => points[index] },
        config: settings,
        ...(collective ? dataParallel(collective, parameters, { deterministic, ...more }) : {}),
      };
      const reports: StepReport[] = [];
      for await (const report of train(options)) reports.push(report);
      const values = [...near.dataSync(), ...seldom.dataSync()];
      tf.dispose([near, seldom]);
      return { reports, values };
    }),
  );
}
const numbers = ({ reports }: Finished) =>
  reports.map(({ step, loss, gradNorm, tokens, validationLoss }) => [
    step,
    loss,
    gradNorm,
    tokens,
    validationLoss,
  ]);

describe("data parallelism", () => {
  it.each([1, 2, 3, 4, 6])("takes the steps of one process, with %i ranks", async (size) => {
    const [plain] = await runOn(null);
    const all = await runOn(size);
    for (const rank of all) {
      // All ranks know the same, to the last bit.
      expect(numbers(rank)).toEqual(numbers(all[0]));
      expect(rank.values).toEqual(all[0].values);
      rank.reports.forEach(({ loss, gradNorm, tokens, validationLoss }, i) => {
        const alone = plain.reports[i];
        expect(Math.abs(loss / alone.loss - 1)).toBeLessThan(1e-5);
        expect(Math.abs(gradNorm / alone.gradNorm - 1)).toBeLessThan(1e-5);
        expect(tokens).toBe(alone.tokens);
        if (alone.validationLoss === undefined) expect(validationLoss).toBeUndefined();
        else expect(Math.abs(validationLoss! / alone.validationLoss - 1)).toBeLessThan(1e-5);
      });
    }
    // Rows of an epoch do not fill its last step, in which some ranks have nothing to compute.
    expect(plain.reports).toHaveLength(12);
  });

  it("changes no bit of a process by itself", async () => {
    const [plain] = await runOn(null);
    const [one] = await runOn(1);
    expect(numbers(one)).toEqual(numbers(plain));
    expect(one.values).toEqual(plain.values);
  });

  it.each([2, 3, 4, 5])(
    "comes to the same bits with %i ranks as with one where the order is fixed",
    async (size) => {
      const [one] = await runOn(1, true);
      for (const rank of await runOn(size, true)) {
        expect(numbers(rank)).toEqual(numbers(one));
        expect(rank.values).toEqual(one.values);
      }
    },
  );

  it.each([2, 3, 4])(
    "with moments in shards on %i ranks takes the steps that it takes without",
    async (size) => {
      const sharded = namedOptimiser({ ...trainDefaults, ...config });
      const whole = await runOn(size);
      for (const rank of await runOn(size, false, { sharded })) {
        rank.reports.forEach(({ loss, gradNorm }, i) => {
          expect(Math.abs(loss / whole[0].reports[i].loss - 1)).toBeLessThan(1e-6);
          expect(Math.abs(gradNorm / whole[0].reports[i].gradNorm - 1)).toBeLessThan(1e-6);
        });
      }
      const [one] = await runOn(1, true);
      for (const rank of await runOn(size, true, { sharded })) {
        expect(numbers(rank)).toEqual(numbers(one));
        expect(rank.values).toEqual(one.values);
      }
    },
  );

  it("deals a slow rank less, to the sums of the step all the same", async () => {
    const long = { ...config, epochs: 7, evalEvery: 0 };
    const [alone] = await runOn(1, true, {}, { config: long });
    for (const deterministic of [true, false]) {
      const deals: (readonly number[])[] = [];
      const own = [0, 0];
      const all = await runOn(
        2,
        deterministic,
        { balanced: true, onDeal: (shares) => deals.push(shares) },
        {
          config: long,
          computing(rank) {
            own[rank]++;
            if (rank === 1) wait(25);
          },
        },
      );
      // Both ranks hear of every deal.
      expect(deals.length).toBeGreaterThanOrEqual(2);
      expect(deals[0][0]).toBeGreaterThan(0.6);
      expect(own[0] + own[1]).toBe(7 * points.length);
      expect(own[0]).toBeGreaterThan(1.5 * own[1]);
      for (const rank of all) {
        if (deterministic) expect(numbers(rank)).toEqual(numbers(alone));
        rank.reports.forEach(({ loss }, i) => {
          expect(Math.abs(loss / alone.reports[i].loss - 1)).toBeLessThan(1e-5);
        });
      }
    }
  });

  it("leaves no tensor behind", async () => {
    await runOn(2);
    const before = tf.memory().numTensors;
    await runOn(2);
    await runOn(2, true);
    await runOn(2, false, { sharded: namedOptimiser({ ...trainDefaults, ...config }) });
    expect(tf.memory().numTensors).toBe(before);
  });
});
