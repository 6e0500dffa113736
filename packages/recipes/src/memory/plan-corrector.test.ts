import type { StepReport } from "@lathe/train";
import { expect, it } from "vitest";
import { PlanCorrector } from "./plan-corrector.js";
import type { PlannedStep } from "./plan-step.js";

/** A thousand bytes a token of a micro-batch, 400 tokens in the largest; a millisecond a token. */
const planned = {
  memory: { expectedBytes: 400_000, budgetBytes: 1e6 },
  tokens: 200,
  seconds: () => 0.2,
  bytesOf: (tokens: number) => Promise.resolve(1000 * tokens),
} as unknown as PlannedStep;
const stepOf = (step: number, tokens: number, seconds: number): StepReport =>
  ({ step, totalSteps: 13, tokens, seconds, peakResidentBytes: 450_000 }) as StepReport;

it("says after three steps what a run takes, by the steps after the first and for its largest micro-batch", async () => {
  const corrector = new PlanCorrector(planned, 2);
  expect(await corrector.note(stepOf(1, 300, 9))).toBeNull();
  expect(await corrector.note(stepOf(2, 600, 1.2))).toBeNull();
  expect(await corrector.note(stepOf(3, 400, 0.8))).toEqual({
    step: 3,
    plannedBytes: 400_000,
    // Two micro-batches of 300 tokens were the most, and one of 400 is to come.
    expectedBytes: 450_000 + 100_000,
    budgetBytes: 1e6,
    plannedSecondsPerStep: 0.2,
    secondsPerStep: expect.closeTo(0.4) as number,
    stream: null,
    remainingSeconds: expect.closeTo(4) as number,
  });
  expect(await corrector.note(stepOf(4, 400, 0.8))).toBeNull();
});

it("says what steps read of weights on the disk, without what evaluations and the first step read", async () => {
  let bytesRead = 1000;
  const corrector = new PlanCorrector(planned, 2, { plannedBytesPerStep: 50, bytesRead: () => bytesRead });
  const noted = async (step: number, bytes: number, validationLoss?: number) => {
    bytesRead += bytes;
    return await corrector.note({ ...stepOf(step, 100, 1), ...(validationLoss ? { validationLoss } : {}) });
  };
  await noted(1, 80);
  await noted(2, 500, 3.2);
  expect(await noted(3, 60)).toMatchObject({ stream: { plannedBytesPerStep: 50, bytesPerStep: 60 } });
});
