import { startEngine } from "@lathe/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { modelConfig, modelSizeNames, modelSizes } from "./model-sizes.js";
import { randomModel } from "./random-model.js";
import { baseFormats } from "./random-weights.js";

beforeAll(() => startEngine("wasm"));

describe("randomModel", () => {
  it.each(baseFormats)(
    "knows nothing: with %s weights a token costs the logarithm of the vocabulary",
    (base) => {
      const model = randomModel("mini", base, null);
      const tokens = Int32Array.from({ length: 24 }, (_, i) => (i * 977) % 4096);
      const losses = model.tokenLosses({ tokens, labels: tokens, segments: Int32Array.of(0, 24) });
      const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
      // Logits have a deviation of about √256 · 0.02, which adds half its square.
      expect(Math.abs(mean - Math.log(4096))).toBeLessThan(0.5);
      model.dispose();
    },
  );
});

describe("modelConfig", () => {
  it.each(modelSizeNames)("%s has heads that share its width", (size) => {
    const { headSize, headCount, keyValueHeadCount } = modelConfig(size);
    expect(headSize * headCount).toBe(modelSizes[size].hiddenSize);
    expect(headCount % keyValueHeadCount).toBe(0);
  });
});
