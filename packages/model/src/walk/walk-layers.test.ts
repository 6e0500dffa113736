/** Passes that walk the layers together against passes by themselves: the same bits. */
import { fileURLToPath } from "node:url";
import { startEngine, tensorMemory } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { flatBatch } from "../decoder/flat-batch.js";
import { loadModel } from "../load-model.js";
import { walkLayers } from "./walk-layers.js";

const folder = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/models/${name}/`, import.meta.url));

const batches = [0, 1, 2].map((row) => {
  const inputIds = Int32Array.from({ length: 5 + 4 * row }, (_, i) => (11 * i + 3 * row) % 90);
  return flatBatch([{ inputIds, labels: inputIds.map((id, i) => (i < 2 * row ? -100 : id)) }]);
});

beforeAll(async () => {
  await startEngine("auto", "fp32");
});

describe("walkLayers", () => {
  it.each(["llama", "qwen3_moe", "deepseek_v3"])("has the losses of batches of %s", async (name) => {
    const { tensors } = tensorMemory();
    const held = await loadModel(folder(name));
    const expected = batches.map((batch) => [held.loss(batch).dataSync()[0], held.tokenLosses(batch)]);
    held.dispose();
    const model = await loadModel(folder(name), { residentLayers: 2 });
    expect([held.isStreamed, model.isStreamed]).toEqual([false, true]);
    const losses = await walkLayers(
      model,
      batches.map((batch) => model.lossPass(batch)),
    );
    const ofTokens = await walkLayers(
      model,
      batches.map((batch) => model.tokenLossPass(batch)),
    );
    for (const [index, [loss, tokens]] of expected.entries()) {
      expect(losses[index].dataSync()[0]).toBe(loss);
      expect(ofTokens[index].dataSync()).toEqual(tokens);
    }
    for (const tensor of [...losses, ...ofTokens]) tensor.dispose();
    model.dispose();
    // Those of the losses that were computed in memory.
    expect(tensorMemory().tensors).toBe(tensors + batches.length);
  });

  it("ends with the signal's reason and leaves no tensor, whichever part it comes in", async () => {
    const { tensors } = tensorMemory();
    for (let parts = 0; parts < 12; parts += 3) {
      const model = await loadModel(folder("qwen3_moe"), { residentLayers: 2 });
      const stop = new AbortController();
      let count = 0;
      const walk = walkLayers(
        model,
        batches.map((batch) => model.lossPass(batch)),
        {
          signal: stop.signal,
          run(compute) {
            if (count++ >= parts + batches.length) stop.abort(new Error("enough"));
            return tf.tidy(compute);
          },
        },
      );
      await expect(walk).rejects.toThrow("enough");
      model.dispose();
      expect(tensorMemory().tensors).toBe(tensors);
    }
  });

  it.each(["begin", "end"] as const)("lets others have their turn after each %s", async (part) => {
    const { tensors } = tensorMemory();
    const model = await loadModel(folder("qwen2"), { residentLayers: 2 });
    const stop = new AbortController();
    let count = 0;
    const noted = <Args extends unknown[], Output>(compute: (...args: Args) => Output) => {
      return (...args: Args): Output => {
        count++;
        setImmediate(() => stop.abort(new Error("enough")));
        return compute(...args);
      };
    };
    const passes = batches.map((batch) => {
      const pass = model.lossPass(batch);
      return part === "begin" ? { ...pass, begin: noted(pass.begin) } : { ...pass, end: noted(pass.end) };
    });
    await expect(walkLayers(model, passes, { signal: stop.signal })).rejects.toThrow("enough");
    expect(count).toBe(1);
    model.dispose();
    expect(tensorMemory().tensors).toBe(tensors);
  });
});
