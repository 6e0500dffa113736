import { rowOrder } from "@lathe/kernels";
import { describe, expect, it } from "vitest";
import { groupedOrder } from "./grouped-order.js";
import { planSteps } from "./step-plan.js";
import { resolveTrainConfig } from "./train-config.js";

const lengths = Int32Array.from({ length: 103 }, (_, row) => 1 + ((row * 37) % 50));
const source = { length: lengths.length, tokens: (index: number) => lengths[index] };
const config = resolveTrainConfig({
  batchSize: 2,
  gradientAccumulation: 5,
  epochs: 2,
  seed: 3,
  groupByLength: true,
});

describe("steps of rows of like length", () => {
  it("have every row once an epoch, in steps of another order each", () => {
    const epochs = [0, 1].map((epoch) =>
      [...planSteps(source, config)]
        .filter((plan) => plan.epoch === epoch)
        .flatMap(({ microBatches }) => microBatches.flatMap((batch) => [...batch])),
    );
    for (const rows of epochs) expect([...rows].sort((a, b) => a - b)).toEqual([...lengths.keys()]);
    expect(epochs[0]).not.toEqual(epochs[1]);
  });

  it("have neighbours in length: no row of another step lies between a step's own", () => {
    const order = rowOrder(103, 0, 3, true);
    const grouped = groupedOrder(order, lengths, 10, { epoch: 0, seed: 3 });
    const ranges = Array.from({ length: 10 }, (_, step) => {
      const own = Array.from(grouped.subarray(step * 10, step * 10 + 10), (row) => lengths[row]);
      expect(own).toEqual([...own].sort((a, b) => b - a));
      return [own[9], own[0]];
    }).sort(([a], [b]) => a - b);
    for (const [step, [shortest]] of ranges.slice(1).entries()) {
      expect(shortest).toBeGreaterThanOrEqual(ranges[step][1]);
    }
    expect(grouped.subarray(100)).toEqual(order.subarray(100));
  });

  it("have the same rows whatever their micro-batches are", () => {
    const rowsOf = (batchSize: number, gradientAccumulation: number): number[][] =>
      [...planSteps(source, { ...config, batchSize, gradientAccumulation })].map(({ microBatches }) =>
        microBatches.flatMap((batch) => [...batch]),
      );
    expect(rowsOf(1, 10)).toEqual(rowsOf(2, 5));
    expect(rowsOf(10, 1)).toEqual(rowsOf(2, 5));
  });

  it("go on in the middle as if they had never stopped", () => {
    const all = [...planSteps(source, config)];
    for (const first of [2, 11, 12, 17]) {
      expect([...planSteps(source, config, first)]).toEqual(all.slice(first - 1));
    }
  });

  it("need a source that tells lengths", () => {
    expect(() => [...planSteps({ length: 4 }, config)]).toThrow(/groupByLength/);
  });

  it.each([0, 1, 9, 10])("are no fault with %d rows and steps of ten", (rows) => {
    const order = rowOrder(rows, 0, 0, true);
    expect([...groupedOrder(order, lengths, 10, { epoch: 0, seed: 0 })].sort((a, b) => a - b)).toEqual([
      ...Array(rows).keys(),
    ]);
  });
});
