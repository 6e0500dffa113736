import { describe, expect, it } from "vitest";
import { modelSizes } from "../shared/model-sizes.js";
import { operationsOf, productsOfStep } from "./products-of-step.js";

const step = { base: "int8", headFormat: "int8", tokens: 1024, labels: 1020, microBatches: 1 } as const;

describe("productsOfStep", () => {
  it.each(["mini", "0.5b"] as const)(
    "are two products with every frozen weight of %s, less three in the first layer",
    (size) => {
      const { hiddenSize, intermediateSize, layerCount, headCount, keyValueHeadCount, vocabularySize } =
        modelSizes[size];
      const keyValues = (hiddenSize / headCount) * keyValueHeadCount;
      const attention = hiddenSize * (2 * hiddenSize + 2 * keyValues);
      const layer = attention + 3 * hiddenSize * intermediateSize;
      const unwanted = hiddenSize * (hiddenSize + 2 * keyValues);
      const expected =
        2 * 1024 * (2 * layerCount * layer - unwanted) + 2 * 1020 * (2 * vocabularySize * hiddenSize);
      expect(operationsOf(productsOfStep({ ...step, size }))).toBe(expected);
    },
  );

  it("are as many for each micro-batch", () => {
    const one = operationsOf(productsOfStep({ ...step, size: "mini" }));
    expect(operationsOf(productsOfStep({ ...step, size: "mini", microBatches: 3 }))).toBe(3 * one);
  });

  it("keep the head's format apart", () => {
    const products = productsOfStep({ ...step, size: "mini", base: "nf4" });
    const heads = products.filter(({ format }) => format === "int8");
    expect(heads.map(({ outFeatures, rows, direction }) => [outFeatures, rows, direction])).toEqual([
      [4096, 1020, "forward"],
      [4096, 1020, "gradient"],
    ]);
  });
});
