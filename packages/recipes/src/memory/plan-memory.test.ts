import { type DecoderConfig, expectedTensors, readModelConfig } from "@lathe/model";
import { describe, expect, it } from "vitest";
import { tinyModel } from "../testing/folders.js";
import { type MemoryPlan, planMemory, type PlanMemoryOptions } from "./plan-memory.js";

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
const lora = { rank: 16, targets: ["q_proj", "v_proj"] };
const step: PlanMemoryOptions = {
  model: { config, weightBytes: 5.5e9 },
  lora,
  precision: "bf16",
  tokens: 512,
  labels: 511,
};
const planWith = (memory: number | string): Promise<MemoryPlan> => planMemory({ ...step, memory });

describe("planMemory", () => {
  it("counts weights, gradients and moments of what is trained, and with few layers at a time theirs alone", async () => {
    const [all, some, few] = await Promise.all(
      [{ trainable: [""] }, { trainable: ["model.layers.3."] }, { trainable: [""], lisaLayers: 2 }].map(
        async (trained) => {
          const { terms } = await planMemory({ ...step, ...trained });
          return terms.weights - 5.5e9 + terms.adapter + terms.gradients + terms.optimizer;
        },
      ),
    );
    // A layer of these dimensions: q, k, v, o with three biases, three matrices of the feed-forward block, two norms.
    const [h, i, kv] = [3584, 18944, 512];
    const ofLayer = 2 * h * h + 2 * kv * h + h + 2 * kv + 3 * h * i + 2 * h;
    const outside = 2 * 152064 * h + h;
    expect(some).toBe(16 * ofLayer);
    expect(all).toBe(16 * (28 * ofLayer + outside));
    expect(few).toBe(4 * (28 * ofLayer + outside) + 12 * (2 * ofLayer + outside));
  });

  it("counts no router among what is trained", async () => {
    const model = tinyModel("qwen3_moe");
    const { terms: whole } = await planMemory({ ...step, model, trainable: [""] });
    const mixture = await readModelConfig(model);
    const shapes = [...expectedTensors(mixture)].filter(([name]) => !name.endsWith(".mlp.gate.weight"));
    const trained = shapes.reduce((sum, [, shape]) => sum + shape.reduce((size, side) => size * side, 1), 0);
    // Two moments in float32 each.
    expect(whole.optimizer).toBe(8 * trained);
  });

  it("adds gradients of earlier micro-batches where weights are trained in several", async () => {
    const full = { ...step, trainable: [""], memory: 1e12 };
    const [one, several] = [await planMemory(full), await planMemory({ ...full, gradientAccumulation: 2 })];
    // They are there while the head's own gradient is made, part by part.
    expect(several.terms.gradients).toBe(one.terms.gradients);
    expect(several.terms.head).toBeGreaterThanOrEqual(2 * 4 * 152064 * 3584);
    expect(one.terms.head).toBe(0);
  });

  it("keeps everything where there is room, and computes more again the less there is", async () => {
    const plans = [];
    for (const gigabytes of [64, 6.8, 6.6, 6.4]) plans.push(await planWith(gigabytes * 1e9));
    expect(plans[0].checkpointing).toBe("none");
    const layers = plans.map(({ recomputedLayers }) => recomputedLayers);
    expect(layers).toEqual([...layers].sort((a, b) => a - b));
    expect(new Set(layers).size).toBe(4);
    for (const { expectedBytes, budgetBytes, fits } of plans) {
      expect(fits).toBe(true);
      expect(expectedBytes).toBeLessThanOrEqual(budgetBytes);
    }
  });

  it("says that a budget cannot be kept, with the least that can", async () => {
    const { fits, expectedBytes } = await planWith(6e9);
    expect(fits).toBe(false);
    const least = await planWith(expectedBytes);
    expect(least.fits).toBe(true);
    expect(least.recomputedLayers).toBeGreaterThan(config.layerCount * 0.9);
  });

  it("takes what is free where nothing is said", async () => {
    const huge = await planMemory({ ...step, model: { config, weightBytes: 1e15 } });
    expect(huge.recomputedLayers).toBeGreaterThan(config.layerCount * 0.9);
    expect(huge.expectedBytes).toBeGreaterThan(huge.budgetBytes);
    expect(huge.fits).toBe(false);
  });

  it("is the sum of its parts, and takes sizes as text", async () => {
    const plan = await planWith("64GB");
    expect(plan).toEqual(await planWith(64e9));
    expect(Object.values(plan.terms).reduce((sum, bytes) => sum + bytes, 0)).toBe(plan.expectedBytes);
    const { adapter, gradients, optimizer } = plan.terms;
    expect(adapter).toBe(28 * 16 * (3584 + 3584 + 3584 + 512) * 4);
    expect([gradients, optimizer]).toEqual([adapter, 2 * adapter]);
  });

  it.each([
    [{ memory: "much" }, "memory"],
    [{ memory: -1 }, "memory"],
    [{ lora: { rank: 0 } }, "lora.rank"],
    [{ lora: { targets: ["q_prj"] } }, "lora.targets"],
  ])("%j: names the field", async (wrong, field) => {
    await expect(planMemory({ ...step, ...wrong })).rejects.toMatchObject({
      name: "RecipeError",
      fields: [field],
      message: expect.stringMatching(`^${field}: expected `),
    });
  });

  it("knows the weights of a folder without reading them", async () => {
    const model = tinyModel("qwen2");
    const plan = await planMemory({ model, lora, tokens: 8 });
    expect(plan.terms.weights).toBeGreaterThan(0);
    const packed = await planMemory({ model, lora, tokens: 8, quantize: "nf4" });
    expect(packed.terms.weights).toBeLessThan(plan.terms.weights);
  });
});
