/** Generation by layers that are read from disk against the same with all of them in memory. */
import { fileURLToPath } from "node:url";
import { listEngines, startEngine, tensorMemory } from "@lathe/tensor";
import { describe, expect, it } from "vitest";
import type { LanguageModel } from "../decoder/language-model.js";
import { loadModel } from "../load-model.js";
import { generate, type GenerationOptions } from "./generate.js";
import { SequenceBatch } from "./sequence-batch.js";
import { samplingDefaults } from "./sampling.js";

const folder = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/models/${name}/`, import.meta.url));

const SEED = Number(process.env["TEST_SEED"] ?? 5);
const models = ["qwen2", "qwen3", "qwen3_moe", "deepseek_v3", "deepseek_v3_fp8"];

const reasons = await Promise.all(
  listEngines().map(async ({ name, probe }) => ({ name, reason: await probe() })),
);
const engines = reasons
  .filter(({ name, reason }) => reason === null && ["native", "wasm"].includes(name))
  .map(({ name }) => name);

const prompts = [1, 7, 3, 12, 5].map((length, row) =>
  Array.from({ length }, (_, i) => (SEED + 17 * row + 29 * i) % 90),
);

async function repliesOf(model: LanguageModel, options: GenerationOptions): Promise<number[][]> {
  const replies: number[][] = prompts.map(() => []);
  for await (const { sequence, id } of generate(model, prompts, { maxNewTokens: 9, ...options })) {
    replies[sequence].push(id);
  }
  return replies;
}

describe.each(engines)(`generate with streamed layers on %s (seed ${SEED})`, (engine) => {
  it.each(models)("gives the tokens of %s in memory, and leaves no tensor", async (name) => {
    await startEngine(engine, "fp32");
    const { tensors } = tensorMemory();
    const cases: readonly GenerationOptions[] = [
      { temperature: 0 },
      { temperature: 0, batchSize: 2 },
      { temperature: 0.9, topP: 0.9, seed: SEED },
    ];
    const held = await loadModel(folder(name));
    const expected: number[][][] = [];
    for (const options of cases) expected.push(await repliesOf(held, options));
    held.dispose();
    const streamed = await loadModel(folder(name), { residentLayers: 2 });
    for (const [index, options] of cases.entries()) {
      expect(await repliesOf(streamed, options)).toEqual(expected[index]);
    }
    streamed.dispose();
    expect(tensorMemory().tensors).toBe(tensors);
  });
});

describe("SequenceBatch with streamed layers", () => {
  const request = (prompt: readonly number[], maxNewTokens: number) => ({
    prompt,
    sampling: samplingDefaults,
    stream: 0,
    maxNewTokens,
    stopIds: new Set<number>(),
  });

  it("reads the layers once a step, also for prompts that are more than a pass takes", async () => {
    await startEngine("auto", "fp32");
    const model = await loadModel(folder("qwen2"), { residentLayers: 2 });
    const held = await loadModel(folder("qwen2"));
    const asked: number[] = [];
    const hold = model.holdLayer.bind(model);
    model.holdLayer = async (layer, experts) => {
      asked.push(layer);
      return await hold(layer, experts);
    };
    const { layerCount } = model.config;
    const long = [0, 1, 2, 3].map((row) => Array.from({ length: 1300 }, (_, i) => (31 * row + 7 * i) % 90));
    const [batch, other] = [model, held].map((each) => new SequenceBatch(each));
    for (const prompt of long) for (const each of [batch, other]) each.join(request(prompt, 3));
    const outcomes = await batch.step();
    expect(outcomes).toHaveLength(4);
    expect(asked).toEqual(Array.from({ length: layerCount }, (_, layer) => layer));
    await batch.step();
    expect(asked).toHaveLength(2 * layerCount);
    // In memory a pass is a step: three prompts, then one, then a token of each.
    const first = [...(await other.step()), ...(await other.step())];
    const idsOf = (some: readonly object[]) => some.map((outcome) => ("id" in outcome ? outcome.id : null));
    expect(idsOf(outcomes)).toEqual(idsOf(first));
    for (const each of [batch, other]) each.dispose();
    for (const each of [model, held]) each.dispose();
  });

  it("refuses to arrange rows, which only layers in memory are arranged for", async () => {
    await startEngine("auto", "fp32");
    const model = await loadModel(folder("qwen2"), { residentLayers: 2 });
    expect(() => new SequenceBatch(model, { arrange: () => undefined })).toThrow("got layers that are read");
    model.dispose();
  });

  it("is left alone while a step is under way, and goes on after one that was ended or failed", async () => {
    await startEngine("auto", "fp32");
    const path = folder("qwen3_moe");
    const [model, held] = [await loadModel(path, { residentLayers: 2 }), await loadModel(path)];
    const [batch, other] = [new SequenceBatch(model), new SequenceBatch(held)];
    const sequence = batch.join(request([3, 5, 8], 6));
    const expected = other.join(request([3, 5, 8], 6));
    const stop = new AbortController();
    const step = batch.step(stop.signal);
    for (const change of [
      () => batch.join(request([1], 1)),
      () => batch.leave(sequence),
      () => batch.dispose(),
    ]) {
      expect(change).toThrow("expected no step under way");
    }
    await expect(batch.step()).rejects.toThrow("expected no step under way");
    stop.abort(new Error("enough"));
    await expect(step).rejects.toThrow("enough");
    await batch.step();
    const hold = model.holdLayer.bind(model);
    model.holdLayer = async (layer, experts) => {
      if (layer === 1 && !experts) return await hold(layer);
      throw new Error(`layer ${layer}: the device failed`);
    };
    await expect(batch.step()).rejects.toThrow("the device failed");
    model.holdLayer = hold;
    while (sequence.count < 6) await batch.step();
    while (expected.count < 6) await other.step();
    expect(sequence.ids).toEqual(expected.ids);
    for (const each of [batch, other]) each.dispose();
    for (const each of [model, held]) each.dispose();
  });
});
