import * as tf from "@tensorflow/tfjs-core";
import { localGroup } from "@lathe/distributed";
import { startEngine } from "@lathe/tensor";
import { beforeAll, expect, it } from "vitest";
import { BUCKET_VALUES, bucketsOf, sizeOfPieces, wholePieces } from "./buckets.js";
import { beginAlike, dataParallel, namedOptimiser, trainDefaults } from "./index.js";
import { GradientAccumulator } from "./gradient-accumulator.js";

beforeAll(() => startEngine("auto", "fp32"));

it("holds as many numbers as asked for, all of them once and in order, and cuts what is longer", () => {
  const variables = [3, 0, 10, 1, 4].map((size) => tf.variable(tf.zeros([size])));
  const buckets = bucketsOf(wholePieces(variables), 4);
  expect(buckets.map(sizeOfPieces)).toEqual([4, 4, 4, 4, 2]);
  const numbers = buckets.flat().flatMap(({ variable, start, end }) => {
    const index = variables.indexOf(variable);
    return Array.from({ length: end - start }, (_, i) => [index, start + i]);
  });
  const all = variables.flatMap(({ size }, index) => Array.from({ length: size }, (_, i) => [index, i]));
  expect(numbers).toEqual(all);
  tf.dispose(variables);
});

it.each([
  ["all of the optimiser", {}],
  ["the order of sums fixed", { deterministic: true }],
  ["a part of the optimiser", { sharded: true }],
  ["a part of it and the order fixed", { sharded: true, deterministic: true }],
])("ranks come to one rank's values where a parameter goes beyond a bucket, with %s", async (_, how) => {
  const size = BUCKET_VALUES + 1003;
  const valuesOf = (seed: number, length = size): Float32Array =>
    Float32Array.from({ length }, (_unused, i) => ((i * 7919 + seed * 104_729) % 2003) / 1001 - 1);
  const create = namedOptimiser({ ...trainDefaults, optimizer: "sgd" });
  const results = await Promise.all(
    localGroup(2).map(async (collective) => {
      const { rank } = collective;
      const parameters = [
        { name: "long", variable: tf.variable(tf.tensor2d(valuesOf(rank), [size, 1])) },
        { name: "short", variable: tf.variable(tf.tensor1d(valuesOf(rank + 5, 40))) },
      ];
      await beginAlike(collective, parameters);
      const { deterministic = false, sharded } = how as { deterministic?: boolean; sharded?: boolean };
      const hooks = dataParallel(collective, parameters, {
        deterministic,
        ...(sharded ? { sharded: create } : {}),
      });
      const optimiser = (hooks.optimiser ?? create)(parameters);
      hooks.share(2, [1, 1]);
      const [gradients, part] = [new GradientAccumulator(), new GradientAccumulator()];
      parameters.forEach(({ variable }, index) => {
        // One rank alone has a gradient of the second.
        if (index === 1 && rank === 0) return;
        const own = tf.tensor(valuesOf(10 + 2 * index + rank, variable.size), variable.shape);
        (deterministic ? part : gradients).add(variable, own);
        own.dispose();
      });
      const squares = await hooks.reduce.gradients(gradients, deterministic ? [part] : []);
      const norm = squares ?? gradients.sumOfSquares();
      await optimiser.apply((variable) => gradients.gradient(variable), 0.5);
      const values = parameters.map(({ variable }) => variable.dataSync<"float32">().slice());
      for (const each of [gradients, part, optimiser]) each.dispose();
      tf.dispose(parameters.map(({ variable }) => variable));
      return { values, norm };
    }),
  );
  const [begun, short] = [valuesOf(0), valuesOf(5, 40)];
  const [first, second, only] = [valuesOf(10), valuesOf(11), valuesOf(13, 40)];
  const sums = first.map((value, i) => value + second[i]);
  const expected = [
    begun.map((value, i) => value - 0.5 * sums[i]),
    short.map((value, i) => value - 0.5 * only[i]),
  ];
  const squares = [sums, only].reduce(
    (all, part) => part.reduce((sum, value) => sum + value * value, all),
    0,
  );
  for (const { values, norm } of results) {
    expect(Math.abs(norm / squares - 1)).toBeLessThan(1e-4);
    values.forEach((own, index) => {
      const off = own.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[index][i])), 0);
      expect(off).toBeLessThan(1e-6);
    });
  }
});
