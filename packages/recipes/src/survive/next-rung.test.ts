import { expect, it } from "vitest";
import { nextRung } from "./next-rung.js";

it("goes down from the cheapest remedy, keeps the effective batch and ends where only another run is left", () => {
  let settings: Readonly<Record<string, unknown>> = {
    method: "lora",
    checkpointing: "none",
    batchSize: 6,
    gradientAccumulation: 2,
    quantize: "none",
  };
  const told: object[] = [];
  for (let rung = nextRung(settings); rung !== null; rung = nextRung(settings)) {
    told.push(rung.settings);
    const { train, ...others } = rung.options;
    settings = { ...settings, ...others, ...train };
    expect(Number(settings["batchSize"]) * Number(settings["gradientAccumulation"])).toBe(12);
  }
  expect(told).toEqual([
    { checkpointing: "block" },
    { "train.batchSize": 3, "train.gradientAccumulation": 4 },
    { "train.batchSize": 1, "train.gradientAccumulation": 12 },
    { quantize: "nf4" },
  ]);
});

it("packs nothing that is trained itself or packed already", () => {
  const last = { checkpointing: "block", batchSize: 1, gradientAccumulation: 4 };
  expect(nextRung({ ...last, method: "full", quantize: "none" })).toBeNull();
  expect(nextRung({ ...last, method: "lora", quantize: "int8" })).toBeNull();
});

it("halves a budget of tokens and ends with a few, the tokens of a step staying as they are", () => {
  let settings: Readonly<Record<string, unknown>> = {
    method: "full",
    checkpointing: "block",
    batchSize: null,
    maxTokensPerBatch: 100,
    gradientAccumulation: 3,
  };
  const budgets: unknown[] = [];
  for (let rung = nextRung(settings); rung !== null; rung = nextRung(settings)) {
    settings = { ...settings, ...rung.options.train };
    budgets.push(settings["maxTokensPerBatch"]);
    expect(Number(settings["maxTokensPerBatch"]) * Number(settings["gradientAccumulation"])).toBe(300);
  }
  expect(budgets).toEqual([50, 25]);
});
