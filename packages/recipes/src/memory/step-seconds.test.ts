import { parseModelConfig } from "@lathe/model";
import { describe, expect, it } from "vitest";
import type { MachinePace } from "./machine-pace.js";
import { stepSeconds, type StepWork } from "./step-seconds.js";

/** A machine on which a weight takes a token a second forward and two backward, and nothing else takes time. */
const pace: MachinePace = {
  product: () => ({ forward: 1, backward: 2 }),
  widening: () => 0,
  attention: () => ({ forward: 0, backward: 0 }),
  head: () => 0,
};

const work = (recomputedLayers: number): StepWork => ({
  tokens: 10,
  labels: 0,
  held: { layers: "nf4", head: "nf4" },
  plan: { recomputedLayers, layerCount: 2 },
});

/** Two layers with eight experts each, of which a token goes to some. */
const secondsOf = (expertsPerToken: number, recomputedLayers = 0): number =>
  stepSeconds(
    pace,
    parseModelConfig(
      {
        model_type: "qwen3_moe",
        vocab_size: 32,
        hidden_size: 64,
        num_hidden_layers: 2,
        num_attention_heads: 4,
        num_key_value_heads: 2,
        head_dim: 16,
        num_experts: 8,
        num_experts_per_tok: expertsPerToken,
        moe_intermediate_size: 24,
      },
      "config.json",
    ),
    work(recomputedLayers),
  );

describe("the time of a step", () => {
  it("grows with the experts of a token, not with those that there are", () => {
    const expert = secondsOf(2) - secondsOf(1);
    expect(secondsOf(8) - secondsOf(7)).toBeCloseTo(expert, 6);
    // What is left without experts is attention: q and o of 64 × 64, k and v of 64 × 32.
    const attention = 64 * (64 + 32 + 32 + 64);
    const ofExpert = 3 * 64 * 24;
    expect((secondsOf(1) - expert) / expert).toBeCloseTo(attention / ofExpert, 6);
  });

  it("has another pass forward for layers that are computed again", () => {
    expect(secondsOf(2, 2) / secondsOf(2)).toBeCloseTo(4 / 3, 6);
  });
});
