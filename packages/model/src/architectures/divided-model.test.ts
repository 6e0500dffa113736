/** What processes have of a model comes to the whole of it. */
import { fileURLToPath } from "node:url";
import { sayPhrase } from "@lathe/files";
import { startEngine } from "@lathe/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { readModelConfig } from "../config/read-model-config.js";
import { loadModel } from "../load-model.js";
import { architectureOf } from "./architecture-of.js";
import { dividedConfig, divisionFault } from "./divided-model.js";

const folderOf = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/models/${name}`, import.meta.url));
const sum = (): void => undefined;

describe.each(["qwen2", "llama", "qwen3", "qwen3_moe", "deepseek_v3"])("the shares of %s", (name) => {
  beforeAll(() => startEngine("auto", "fp32"));

  it.each([2, 4])("of %i processes are all of its weights, where they lie", async (size) => {
    const whole = await loadModel(folderOf(name));
    const places = new Map(whole.linears().map((place) => [place.path, place]));
    const seen = new Map<string, Float32Array>();
    for (let rank = 0; rank < size; rank++) {
      const model = await loadModel(folderOf(name), { group: { rank, size, sum } });
      for (const { path, linear, layer, division } of model.linears()) {
        const [outFeatures, inFeatures] = places.get(path)!.shape;
        const { outputs, inputs } = linear.share ?? {
          outputs: { start: 0, end: outFeatures },
          inputs: { start: 0, end: inFeatures },
        };
        expect(linear.share === undefined).toBe(layer === null || division === null);
        const values = seen.get(path) ?? new Float32Array(outFeatures * inFeatures).fill(Number.NaN);
        seen.set(path, values);
        const own = linear.denseWeight();
        const width = inputs.end - inputs.start;
        expect([...linear.shape]).toEqual([outputs.end - outputs.start, width]);
        for (let row = outputs.start; row < outputs.end; row++) {
          const start = (row - outputs.start) * width;
          values.set(own.subarray(start, start + width), row * inFeatures + inputs.start);
        }
        const bias = places.get(path)!.linear.denseBias();
        const expected =
          division?.axis === "inputs" && rank > 0 ? null : (bias?.slice(outputs.start, outputs.end) ?? null);
        expect(linear.denseBias()).toEqual(expected);
      }
      model.dispose();
    }
    for (const [path, { linear }] of places) expect(seen.get(path)).toEqual(linear.denseWeight());
    whole.dispose();
  });

  it("are what the config of a share says", async () => {
    const config = await readModelConfig(folderOf(name));
    const divided = dividedConfig(config, 2);
    const parts = architectureOf(divided).parts(divided, config.layerCount - 1);
    const model = await loadModel(folderOf(name), { group: { rank: 1, size: 2, sum } });
    const linears = model.layers[config.layerCount - 1].linears;
    for (const part of parts) {
      if (part.kind === "linear") expect(linears[part.path].shape).toEqual(part.shape);
    }
    model.dispose();
    expect(dividedConfig(config, 1)).toBe(config);
  });

  it("cannot be of a number that tears heads apart, and says which can", async () => {
    const config = await readModelConfig(folderOf(name));
    expect(divisionFault(config, 4)).toBeNull();
    expect(sayPhrase(divisionFault(config, 3)!)).toMatch(
      /3 ranks cannot share \S+, of which there are \d+ pieces; these numbers can: 2, 4/,
    );
    expect(() => dividedConfig(config, 3)).toThrow("expected a number of ranks that divides");
    await expect(loadModel(folderOf(name), { group: { rank: 0, size: 3, sum } })).rejects.toThrow(
      "3 ranks cannot share",
    );
  });
});
