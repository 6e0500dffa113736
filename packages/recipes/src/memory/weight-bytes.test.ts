import { openWeights, readModelConfig } from "@lathe/model";
import { packedFormatNames, quantizeWeights } from "@lathe/quant";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { storiesModel, temporaryFolder, tinyModel } from "../testing/folders.js";
import { parameterCount, weightBytes } from "./weight-bytes.js";

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});

async function estimate(model: string, format: Parameters<typeof weightBytes>[2]): Promise<number> {
  const weights = await openWeights(model);
  try {
    return weightBytes(await readModelConfig(model), weights, format);
  } finally {
    await weights.close();
  }
}

describe("weightBytes", () => {
  it.each([
    ["a tied head", storiesModel],
    ["a head of its own", tinyModel("llama")],
  ])("%s: four bytes a parameter as stored in float32, two in halves but for norms", async (name, model) => {
    const config = await readModelConfig(model);
    const parameters = parameterCount(config);
    expect(await estimate(model, "none")).toBe(4 * parameters);
    const half = join(folder, `${name}-bf16`);
    await quantizeWeights({ model, output: half, format: "bf16" });
    const norms = (2 * config.layerCount + 1) * config.hiddenSize;
    for (const format of ["none", "bf16"] as const) {
      expect(await estimate(half, format)).toBe(2 * parameters + 2 * norms);
    }
    expect(await estimate(half, "fp16")).toBe(2 * parameters + 2 * norms);
  });

  it.each(["int8", "nf4"] as const)("%s: the same for the folder and packed on the fly", async (format) => {
    for (const model of [storiesModel, tinyModel("qwen2"), tinyModel("qwen3")]) {
      const output = join(folder, `${format}-${model.replaceAll("/", "-")}`);
      const { bytesAfter: inFolder } = await quantizeWeights({ model, output, format });
      // The folder has the head in float32, memory in 8 bits with a scale a row.
      const { vocabularySize, hiddenSize } = await readModelConfig(model);
      const bytesAfter = inFolder - vocabularySize * (3 * hiddenSize - 4);
      const bytes = await estimate(output, "none");
      expect(bytes).toBe(await estimate(model, format));
      expect(bytes).toBe(await estimate(output, format));
      // The file has a map and a description for each matrix in nf4 besides.
      expect(bytes).toBeLessThanOrEqual(bytesAfter);
      expect(bytes).toBeGreaterThan(format === "int8" ? bytesAfter - 1 : bytesAfter - 35 * 1500);
    }
  });

  it("is less the fewer bits a format has", async () => {
    const sizes = await Promise.all(packedFormatNames.map((format) => estimate(tinyModel("qwen3"), format)));
    const [int8, nf4, fp16, bf16] = sizes;
    expect(nf4).toBeLessThan(int8);
    expect(fp16).toBe(bf16);
  });
});
