import { expect, it } from "vitest";
import { convergenceStep } from "./convergence-step.js";

const lines = (losses: readonly (number | null)[]) =>
  losses.map((validationLoss, i) => ({
    step: 10 * (i + 1),
    loss: 1,
    ...(validationLoss === null ? {} : { validationLoss }),
  }));

it.each<[losses: (number | null)[], step: number | null]>([
  [[], null],
  [[null, null], null],
  [[3], 10],
  [[3, 2, 1, 1, 1, 1], 50], // means 3, 2.5, 2, 1.33, 1, 1
  [[1, 1.005, 1.003], 10],
  [[2, 1, 3, 3], 20], // means 2, 1.5, 2, 2.33: the noise of one evaluation is no end
  [[null, 2, null, 2], 20],
])("of %j is %j", (losses, step) => {
  expect(convergenceStep(lines(losses))).toBe(step);
});
