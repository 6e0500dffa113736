import { expect, it } from "vitest";
import { labelledSize } from "./count-scored.js";
import { largestMicroBatch, measureRows } from "./largest-micro-batch.js";
import { resolveTrainConfig } from "./train-config.js";

const rowOf = (tokens: number, labels: number) => ({
  inputIds: new Int32Array(tokens),
  labels: Int32Array.from({ length: tokens }, (_, i) => (i >= tokens - labels ? 0 : -100)),
});
const given = [rowOf(3, 1), rowOf(10, 2), rowOf(4, 3), rowOf(9, 8), rowOf(2, 1)];
const sizes = measureRows({ length: given.length, row: (index: number) => given[index] }, labelledSize);

it("adds up rows as the steps take them", () => {
  const config = resolveTrainConfig({ batchSize: 2, shuffle: false, epochs: 1, gradientAccumulation: 2 });
  expect(largestMicroBatch(sizes, config)).toEqual({ tokens: 13, labels: 11 });
});

it("covers every order that a run of several epochs has", () => {
  const config = resolveTrainConfig({ batchSize: 2, epochs: 40, gradientAccumulation: 1 });
  expect(largestMicroBatch(sizes, config)).toEqual({ tokens: 19, labels: 11 });
});

it("takes single rows where a batch is one row", () => {
  expect(largestMicroBatch(sizes, resolveTrainConfig({ batchSize: 1 }))).toEqual({ tokens: 10, labels: 8 });
});
