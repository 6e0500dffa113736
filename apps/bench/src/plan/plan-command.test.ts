import { expect, it } from "vitest";
import { planTable } from "./plan-command.js";
import type { PlanComparison } from "./plan-job.js";
import { plannedRunNames } from "./planned-runs.js";

it("shows how far plan and run are apart, with signs", () => {
  const run: PlanComparison = {
    name: "small",
    terms: {
      weights: 1,
      activations: 1,
      head: 1,
      adapter: 1,
      gradients: 1,
      optimizer: 1,
      exchange: 1,
      workingSpace: 1,
      process: 1,
    },
    plannedBytes: 110 * 2 ** 20,
    plannedSeconds: 0.9,
    engine: "native",
    engineDescription: "",
    precision: "bf16",
    peakResidentBytes: 100 * 2 ** 20,
    peakTensorBytes: 50 * 2 ** 20,
    secondsPerStep: 1,
    memoryError: 0.1,
    timeError: -0.1,
  };
  expect(planTable([run]).rows).toEqual([["small", "110", "100", "+10.0 %", "50", "0.90", "1.0", "-10.0 %"]]);
});

it("plans two sizes of models, each with and without layers that are computed again, packed and trained weights", () => {
  for (const words of ["30m", "0.5b", "lora", "full", "nf4"]) {
    const names = plannedRunNames.filter((name) => name.includes(words));
    expect(names.length, words).toBeGreaterThanOrEqual(2);
    expect(new Set(names.map((name) => name.endsWith("checkpointing"))).size, words).toBe(2);
  }
});
