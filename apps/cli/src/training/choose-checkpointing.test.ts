import type { DecoderConfig } from "@lathe/model";
import { describe, expect, it } from "vitest";
import { chooseCheckpointing, type StepSize } from "./choose-checkpointing.js";

/** Dimensions of a model of 7 billion parameters. */
const config: DecoderConfig = {
  architecture: "qwen2",
  hiddenSize: 3584,
  intermediateSize: 18944,
  layerCount: 28,
  headCount: 28,
  keyValueHeadCount: 4,
  headSize: 128,
  vocabularySize: 152064,
  rmsNormEpsilon: 1e-6,
  rope: { theta: 1e6, scaling: null },
  maxPositions: 131072,
  tieWordEmbeddings: false,
  attentionBias: true,
  attentionOutputBias: false,
  mlpBias: false,
  queryKeyNorm: false,
  beginOfSequenceIds: [],
  endOfSequenceIds: [],
  padId: null,
  dtype: null,
};
const step: StepSize = {
  config,
  weightBytes: 5.5e9,
  parameters: { trainable: 5_046_272, groups: [{ name: "q_proj", linears: 28, parameters: 1 }] },
  rank: 16,
  precision: "bf16",
  tokens: 512,
  labels: 511,
};

describe("chooseCheckpointing", () => {
  it("keeps everything where there is room, and computes more again the less there is", async () => {
    const choices = [];
    for (const gigabytes of [64, 6.8, 6.6, 6.4])
      choices.push(await chooseCheckpointing(step, gigabytes * 1e9));
    expect(choices[0].checkpointing).toBe("none");
    const layers = choices.map(({ recomputedLayers }) => recomputedLayers);
    expect(layers).toEqual([...layers].sort((a, b) => a - b));
    expect(new Set(layers).size).toBe(4);
    for (const { expectedBytes, budgetBytes } of choices)
      expect(expectedBytes).toBeLessThanOrEqual(budgetBytes);
  });

  it("refuses a budget that cannot be kept, with the least that can", async () => {
    const refusal = await chooseCheckpointing(step, 6e9).then(
      () => "",
      (error: unknown) => (error as Error).message,
    );
    expect(refusal).toMatch(/--memory: expected at least 6\.\d\dGB .* up to 512 tokens/);
    const least = Number(/at least ([\d.]+)GB/.exec(refusal)?.[1]);
    const choice = await chooseCheckpointing(step, (least + 0.01) * 1e9);
    expect(choice.recomputedLayers).toBeGreaterThan(step.config.layerCount * 0.9);
  });

  it("takes what is free where nothing is said, and never refuses then", async () => {
    const huge = await chooseCheckpointing({ ...step, weightBytes: 1e15 }, null);
    expect(huge.recomputedLayers).toBeGreaterThan(step.config.layerCount * 0.9);
    expect(huge.expectedBytes).toBeGreaterThan(huge.budgetBytes);
  });
});
