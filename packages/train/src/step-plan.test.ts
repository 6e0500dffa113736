import { describe, expect, it } from "vitest";
import { planSteps, stepsPerEpoch, totalSteps } from "./step-plan.js";
import { resolveTrainConfig } from "./train-config.js";

describe("planSteps", () => {
  const config = resolveTrainConfig({ batchSize: 3, gradientAccumulation: 2, epochs: 2, seed: 4 });

  it("sees every row once an epoch", () => {
    const plans = [...planSteps({ length: 20 }, config)];
    expect(plans.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    for (const epoch of [0, 1]) {
      const rows = plans.filter((plan) => plan.epoch === epoch).flatMap(({ microBatches }) => microBatches);
      expect(rows.flatMap((batch) => [...batch]).sort((a, b) => a - b)).toEqual(
        Array.from({ length: 20 }, (_, i) => i),
      );
      expect(rows.map(({ length }) => length)).toEqual([3, 3, 3, 3, 3, 3, 2]);
    }
  });

  it("continues in the middle as if it had never stopped", () => {
    const all = [...planSteps({ length: 20 }, config)];
    for (const first of [2, 4, 5, 8])
      expect([...planSteps({ length: 20 }, config, first)]).toEqual(all.slice(first - 1));
  });

  it.each([
    [0.5, 8, 4],
    [0.3, 10, 3], // 0.3 × 10 is 3
    [0.1, 30, 3], // 0.1 × 30 is a little above 3
    [1.1, 10, 11], // a little above 11
    [1 / 3, 3, 1],
    [0.34, 3, 2], // part of a step is a step
    [0.01, 3, 1],
    [2, 7, 14],
  ])("%d epochs of %d steps are %d", (epochs, rows, steps) => {
    const alone = { ...config, batchSize: 1, gradientAccumulation: 1, epochs };
    expect(totalSteps(rows, alone)).toBe(steps);
  });

  it("runs as many epochs as the steps ask for", () => {
    const limited = { ...config, maxSteps: 11 };
    expect(stepsPerEpoch(20, limited)).toBe(4);
    expect(totalSteps(20, limited)).toBe(11);
    expect([...planSteps({ length: 20 }, limited)].at(-1)).toMatchObject({ step: 11, epoch: 2 });
  });
});
