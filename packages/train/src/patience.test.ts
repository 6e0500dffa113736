import { expect, it } from "vitest";
import { Patience } from "./patience.js";

it.each<[evaluations: number, losses: number[], ends: number | null]>([
  [2, [3, 2, 2, 2], 4],
  [2, [3, 2, 2.5, 1.9, 2, 2], 6],
  [1, [3, 3], 2],
  [3, [1, Number.NaN, Number.NaN, Number.NaN], 4],
  [2, [3, 2, 1, 0.5], null],
  [0, [1, 2, 3, 4, 5], null],
])("waits %i evaluations: of %j it ends with number %j", (evaluations, losses, ends) => {
  const patience = new Patience(evaluations);
  const end = losses.findIndex((loss) => {
    patience.note(loss);
    return patience.isExhausted;
  });
  expect(end < 0 ? null : end + 1).toBe(ends);
});
