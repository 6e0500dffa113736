import { describe, expect, it } from "vitest";
import { tinyModel } from "../testing/folders.js";
import { planMemory } from "./plan-memory.js";
import { planRemedies, type PlanRemediesOptions, type StepToTime } from "./plan-remedies.js";

/** A machine on which a layer computed again takes half as long again, nf4 twice, and half of a micro-batch 1.1 times as long. */
const secondsOf = ({ plan, quantize, tokens, share }: StepToTime): number =>
  share *
  (2 + plan.recomputedLayers / plan.layerCount) *
  (quantize === "nf4" ? 2 : 1) *
  (share === 1 && tokens < 6 * 64 ? 1.1 : 1);

const options: PlanRemediesOptions = {
  secondsOf,
  model: tinyModel("llama"),
  batchSize: 6,
  gradientAccumulation: 2,
  largest: ({ batchSize: rows = 6 } = {}) => ({ tokens: 64 * rows, labels: 60 * rows }),
  checkpointing: "none",
  lora: { rank: 8 },
};

describe("planRemedies", () => {
  it("lists what saves memory in the order of its cost, each with what a plan under its settings takes less", async () => {
    const remedies = await planRemedies(options);
    const names = ["checkpointing", "micro-batch", "nf4", "rank", "shorter-rows"];
    expect(remedies.map(({ name }) => name)).toEqual(names);
    const step = { ...options, ...options.largest() };
    const before = await planMemory(step);
    const changes = [
      { checkpointing: "block" as const },
      options.largest({ batchSize: 3 }),
      { quantize: "nf4" as const },
      { lora: { rank: 4 } },
      { tokens: 6 * 32, labels: 6 * 32 },
    ];
    for (const [index, { savesBytes }] of remedies.entries()) {
      const after = await planMemory({ ...step, ...changes[index] });
      expect(savesBytes).toBeGreaterThan(0);
      expect(savesBytes, names[index]).toBe(before.expectedBytes - after.expectedBytes);
    }
    expect(remedies.map(({ timeFactor }) => timeFactor)).toEqual([1.5, 1.1, 2, 1, 0.5]);
  });

  it.each([2, 6, 7, 15])("keeps the effective batch of %i rows a micro-batch", async (batchSize) => {
    const remedies = await planRemedies({ ...options, batchSize });
    const { settings } = remedies.find(({ name }) => name === "micro-batch")!;
    const rows = Number(settings["train.batchSize"]) * Number(settings["train.gradientAccumulation"]);
    expect(rows).toBe(2 * batchSize);
  });

  it("halves a budget of tokens, and keeps that of the step", async () => {
    const largest: PlanRemediesOptions["largest"] = ({ maxTokensPerBatch: tokens = 384 } = {}) => ({
      tokens: Math.max(64, tokens),
      labels: Math.max(60, tokens),
    });
    const remedies = await planRemedies({ ...options, maxTokensPerBatch: 384, largest });
    const { settings } = remedies.find(({ name }) => name === "micro-batch")!;
    expect(settings).toEqual({ "train.maxTokensPerBatch": 192, "train.gradientAccumulation": 4 });
  });

  it("offers nothing that cannot be: no packing of weights that are trained, no part of a single row", async () => {
    const remedies = await planRemedies({ ...options, trainable: [""], batchSize: 1 });
    expect(remedies.map(({ name }) => name)).toEqual(["checkpointing", "shorter-rows"]);
  });
});
