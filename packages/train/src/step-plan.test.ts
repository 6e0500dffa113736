import { describe, expect, it } from "vitest";
import { evaluationBatches } from "./evaluation-batches.js";
import { planSteps, StepPlans } from "./step-plan.js";
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
    expect(new StepPlans({ length: rows }, alone).totalSteps).toBe(steps);
  });

  it("runs as many epochs as the steps ask for", () => {
    const limited = { ...config, maxSteps: 11 };
    expect(new StepPlans({ length: 20 }, limited).stepsOf(0)).toBe(4);
    expect(new StepPlans({ length: 20 }, limited).totalSteps).toBe(11);
    expect([...planSteps({ length: 20 }, limited)].at(-1)).toMatchObject({ step: 11, epoch: 2 });
  });
});

describe("batches by tokens", () => {
  const lengths = Array.from({ length: 211 }, (_, row) => 1 + ((row * 37) % 50));
  lengths[17] = 400; // longer than a micro-batch, and than a step
  const source = { length: lengths.length, tokens: (index: number) => lengths[index] };
  const config = resolveTrainConfig({ maxTokensPerBatch: 96, gradientAccumulation: 3, epochs: 3, seed: 4 });
  const tokensOf = (rows: Int32Array | readonly number[]): number =>
    [...rows].reduce((sum, row) => sum + lengths[row], 0);
  const rowsOf = ({ microBatches }: { readonly microBatches: readonly Int32Array[] }): number[] =>
    microBatches.flatMap((batch) => [...batch]);

  describe.each([false, true])("grouped by length: %s", (groupByLength) => {
    const asked = { ...config, groupByLength };

    it("have every row once an epoch, and each epoch other steps", () => {
      const plans = [...planSteps(source, asked)];
      const epochs = [0, 1, 2].map((epoch) => plans.filter((plan) => plan.epoch === epoch).map(rowsOf));
      for (const steps of epochs) {
        expect(steps.flat().sort((a, b) => a - b)).toEqual([...lengths.keys()]);
      }
      expect(epochs[0]).not.toEqual(epochs[1]);
      expect(plans.map(({ step }) => step)).toEqual(plans.map((_, at) => at + 1));
      expect(plans).toHaveLength(new StepPlans(source, asked).totalSteps);
    });

    it("stay within the tokens of a micro-batch and of a step, but for rows that alone do not", () => {
      for (const { microBatches } of planSteps(source, asked)) {
        for (const batch of microBatches)
          if (batch.length > 1) expect(tokensOf(batch)).toBeLessThanOrEqual(96);
        const step = rowsOf({ microBatches });
        if (step.length > 1) expect(tokensOf(step)).toBeLessThanOrEqual(288);
      }
    });

    it("continue in the middle as if they had never stopped", () => {
      const all = [...planSteps(source, asked)];
      for (const first of [2, 15, 16, 17, 30, all.length]) {
        expect([...planSteps(source, asked, first)]).toEqual(all.slice(first - 1));
      }
      expect([...planSteps(source, asked, all.length + 1)]).toEqual([]);
    });

    it("have the same rows in a step of smaller micro-batches", () => {
      const smaller = { ...asked, maxTokensPerBatch: 48, gradientAccumulation: 6 };
      expect([...planSteps(source, smaller)].map(rowsOf)).toEqual([...planSteps(source, asked)].map(rowsOf));
    });

    it("know where in the rows a run is after a step", () => {
      const plans = new StepPlans(source, asked);
      let [epoch, rows] = [0, 0];
      for (const plan of plans.from()) {
        if (plan.epoch !== epoch) [epoch, rows] = [plan.epoch, 0];
        rows += rowsOf(plan).length;
        const after = rows === lengths.length ? { epoch: epoch + 1, rows: 0 } : { epoch, rows };
        expect(plans.positionAfter(plan.step)).toEqual(after);
      }
    });
  });

  it("take as many rows as fit", () => {
    for (const { microBatches } of planSteps(source, config)) {
      for (const [at, batch] of microBatches.slice(0, -1).entries()) {
        expect(tokensOf(batch) + lengths[microBatches[at + 1][0]]).toBeGreaterThan(96);
      }
    }
  });

  it("run for parts of epochs and as many steps as they are told", () => {
    const stepsOf = (more: Partial<typeof config>): number =>
      new StepPlans(source, { ...config, ...more }).totalSteps;
    const plans = new StepPlans(source, config);
    const [first, second] = [plans.stepsOf(0), plans.stepsOf(1)];
    expect(stepsOf({ epochs: 1 })).toBe(first);
    expect(stepsOf({ epochs: 0.5 })).toBe(Math.ceil(first / 2));
    expect(stepsOf({ epochs: 1.5 })).toBe(first + Math.ceil(second / 2));
    expect(stepsOf({ epochs: 1e-9 })).toBe(1);
    expect(stepsOf({ maxSteps: 500 })).toBe(500);
    expect([...planSteps(source, { ...config, maxSteps: 500 })].at(-1)!.step).toBe(500);
  });

  it("need a source that tells lengths", () => {
    expect(() => [...planSteps({ length: 4 }, config)]).toThrow(/maxTokensPerBatch/);
  });

  it("evaluate rows in their order, a micro-batch at a time", () => {
    const batches = evaluationBatches(source, config);
    expect(batches[0].start).toBe(0);
    for (const [at, { start, end }] of batches.entries()) {
      expect(start).toBe(at === 0 ? 0 : batches[at - 1].end);
      const rows = Array.from({ length: end - start }, (_, row) => start + row);
      if (rows.length > 1) expect(tokensOf(rows)).toBeLessThanOrEqual(96);
    }
    expect(batches.at(-1)!.end).toBe(lengths.length);
    const byRows = evaluationBatches({ length: 10 }, { batchSize: 4, maxTokensPerBatch: 0 });
    expect(byRows).toEqual([
      { start: 0, end: 4 },
      { start: 4, end: 8 },
      { start: 8, end: 10 },
    ]);
    expect(evaluationBatches({ length: 0 }, { batchSize: 4, maxTokensPerBatch: 0 })).toEqual([]);
  });
});
