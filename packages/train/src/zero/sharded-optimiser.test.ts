import { elementCount } from "@lathe/model";
/** The law of sharding: parts that ranks update apart come to the bits of the optimiser by itself, and so do its checkpoints. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Collective, localGroup } from "@lathe/distributed";
import { startEngine } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dataParallel } from "../data-parallel.js";
import { GradientAccumulator } from "../gradient-accumulator.js";
import { namedOptimiser, type OptimizerName, optimizerNames } from "../named-optimiser.js";
import type { Optimiser } from "../optimiser.js";
import { optimiserBytes, shardedOptimiserBytes } from "../optimiser-bytes.js";
import type { TrainableParameter } from "../parameter.js";
import { tensorPart } from "../tensor-part.js";
import { trainDefaults } from "../train-config.js";

// The first is more than a share for any number of ranks; the last rows of the second make no whole block of 256.
const shapes: Readonly<Record<string, readonly number[]>> = {
  embedding: [400, 64],
  wide: [37, 300],
  matrix: [60, 70],
  bias: [70],
  scale: [],
};

let folder: string;
beforeAll(async () => {
  await startEngine("wasm", "fp32");
  folder = await mkdtemp(join(tmpdir(), "lathe-sharded-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const valuesOf = (shape: readonly number[], key: number): Float32Array =>
  Float32Array.from({ length: elementCount(shape) }, (_, i) => Math.sin(i * 0.7 + key * 1.3));

/** One process's parameters and what turns their gradients into steps. */
interface Process {
  readonly parameters: readonly TrainableParameter[];
  readonly optimiser: Optimiser;
  /** One step whose gradients follow from its number. */
  step(number: number): Promise<void>;
  values(): number[][];
  dispose(): void;
}

function processOn(optimizer: OptimizerName, collective: Collective | null): Process {
  const create = namedOptimiser({ ...trainDefaults, optimizer, weightDecay: 0.1 });
  const parameters = Object.entries(shapes).map(([name, shape], index) => ({
    name,
    variable: tf.tidy(() => tf.variable(tf.tensor(valuesOf(shape, index), [...shape]))),
    ...(name === "bias" ? { weightDecay: 0, learningRateFactor: 2 } : {}),
  }));
  const hooks = collective && dataParallel(collective, parameters, { sharded: create });
  const optimiser = (hooks?.optimiser ?? create)(parameters);
  return {
    parameters,
    optimiser,
    async step(number) {
      const gradients = new GradientAccumulator();
      parameters.forEach(({ name, variable }, index) => {
        // One has gradients in every other step only; and the sum over ranks is that of the one process.
        if (name === "matrix" && number % 2 === 1) return;
        const own = !collective || collective.rank === index % collective.size ? 1 : 0;
        const values = valuesOf(variable.shape, 10 * number + index).map((value) => own * value);
        const gradient = tf.tensor(values, variable.shape);
        gradients.add(variable, gradient);
        gradient.dispose();
      });
      await hooks?.reduce.gradients(gradients, []);
      await optimiser.apply((variable) => gradients.gradient(variable), 0.01, 0.5);
      gradients.dispose();
    },
    values: () => parameters.map(({ variable }) => [...variable.dataSync()]),
    dispose() {
      optimiser.dispose();
      for (const { variable } of parameters) variable.dispose();
    },
  };
}

const onRanks = <Result>(size: number, work: (rank: Collective) => Promise<Result>): Promise<Result[]> =>
  Promise.all(localGroup(size).map(work));

describe.each(optimizerNames)("%s in shards", (optimizer) => {
  it.each([2, 3, 5])(
    "comes to its own bits on %i ranks, and its checkpoint to its own bytes",
    async (size) => {
      const file = `${optimizer}-${size}.safetensors`;
      const alone = processOn(optimizer, null);
      for (let step = 1; step <= 3; step++) await alone.step(step);
      await tensorPart(file, alone.optimiser).save(folder);
      const bytes = await readFile(join(folder, file));
      const after = alone.values();
      for (let step = 4; step <= 5; step++) await alone.step(step);

      await onRanks(size, async (collective) => {
        const own = processOn(optimizer, collective);
        for (let step = 1; step <= 3; step++) await own.step(step);
        expect(own.values()).toEqual(after);
        const part = tensorPart(`ranks-${file}`, own.optimiser);
        await (collective.rank === 0 ? part.save(folder) : part.follow!());
        await collective.barrier();
        own.dispose();
      });
      expect((await readFile(join(folder, `ranks-${file}`))).equals(bytes)).toBe(true);

      // Another number of ranks goes on from it.
      await onRanks(size + 1, async (collective) => {
        const own = processOn(optimizer, collective);
        own.parameters.forEach(({ variable }, index) => {
          tf.tidy(() => {
            variable.assign(tf.tensor(after[index], variable.shape));
          });
        });
        await tensorPart(`ranks-${file}`, own.optimiser).load(folder);
        for (let step = 4; step <= 5; step++) await own.step(step);
        expect(own.values()).toEqual(alone.values());
        await collective.barrier();
        own.dispose();
      });
      alone.dispose();
    },
  );

  it.each([2, 4])(
    "has on each of %i ranks the bytes that are planned, and all of them once",
    async (size) => {
      const bytesOf = (optimiser: Optimiser): number =>
        optimiser
          .state()
          .filter(({ name }) => !name.endsWith(".step"))
          .reduce((sum, { values }) => sum + values.byteLength, 0);
      const bytes = await onRanks(size, async (collective) => {
        const own = processOn(optimizer, collective);
        await own.step(2);
        const state = bytesOf(own.optimiser);
        own.dispose();
        return state;
      });
      const list = Object.values(shapes);
      expect(Math.max(...bytes)).toBe(shardedOptimiserBytes(optimizer, list, size));
      const all = list.reduce((sum, shape) => sum + optimiserBytes(optimizer, shape), 0);
      expect(bytes.reduce((sum, own) => sum + own, 0)).toBe(all);
      expect(shardedOptimiserBytes(optimizer, list, 1)).toBe(all);
    },
  );
});

it("leaves no tensor behind", async () => {
  const before = tf.memory().numTensors;
  await onRanks(3, async (collective) => {
    const own = processOn("adamw", collective);
    await own.step(1);
    await own.step(2);
    own.dispose();
  });
  expect(tf.memory().numTensors).toBe(before);
});
