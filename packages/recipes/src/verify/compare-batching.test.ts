import { describe, expect, it, vi } from "vitest";
import { LanguageModel } from "@lathe/model";
import { tinyModel } from "../testing/folders.js";
import { compareBatching } from "./compare-batching.js";

const model = tinyModel("qwen2");
const data = Array.from({ length: 18 }, (_, row) => ({
  input_ids: Array.from({ length: 5 + row }, (_unused, i) => (row * 37 + i * 11) % 320),
}));

describe.each(["accumulation", "packing"] as const)("compareBatching of %s", (batching) => {
  it("finds the same losses and gradients of 16 rows, in float32 and where products are rounded", async () => {
    for (const precision of ["fp32", "auto"] as const) {
      const found = await compareBatching({ batching, model, data, precision });
      expect(found).toMatchObject({ rows: 16, equal: true });
      expect(found.gradientDifference).toBeLessThanOrEqual(found.tolerance);
      expect(found.labelDifference === null).toBe(batching === "accumulation");
    }
  });

  it("finds a loss that depends on how rows are batched", async () => {
    const loss = LanguageModel.prototype.loss;
    const spy = vi.spyOn(LanguageModel.prototype, "loss").mockImplementation(function (
      this: LanguageModel,
      batch,
    ) {
      // A model that sees only the first labels of a batch.
      const labels = batch.labels.map((label, i) => (i < 24 ? label : -100));
      return loss.call(this, { ...batch, labels });
    });
    try {
      const found = await compareBatching({ batching, model, data, precision: "fp32" });
      expect(found.equal).toBe(false);
      expect(found.lossDifference).toBeGreaterThan(found.tolerance);
    } finally {
      spy.mockRestore();
    }
  });
});

it("takes as many rows as four parts make equal, and names the field where there are too few", async () => {
  const some = { batching: "accumulation", model } as const;
  expect(await compareBatching({ ...some, data: data.slice(0, 7) })).toMatchObject({ rows: 4 });
  await expect(compareBatching({ ...some, data: data.slice(0, 3) })).rejects.toMatchObject({
    fields: ["data"],
  });
});
