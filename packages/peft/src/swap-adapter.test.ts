/** Adapters that change places while a model is at work. */
import { generate, type LanguageModel } from "@lathe/model";
import { startEngine, tensorMemory } from "@lathe/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { adapterNames } from "./adapted-model.js";
import { loadAdapter, swapAdapter } from "./load-adapter.js";
import { loadFixture, logitsOf, packagePath } from "./testing.js";

const adapter = (run: string): string => packagePath(`fixtures/lora/${run}/adapter_end`);
const prompts = [
  [5, 17, 200, 3],
  [9, 80, 41, 7, 250, 33],
];

/** A model with an adapter that was put on it freshly, or none. */
async function freshly(folder: string | null): Promise<LanguageModel> {
  const model = await loadFixture("qwen2");
  if (folder !== null) await loadAdapter(model, folder);
  return model;
}

async function continued(model: LanguageModel, texts: number[][], maxNewTokens: number): Promise<number[][]> {
  const ids: number[][] = texts.map(() => []);
  for await (const { sequence, id } of generate(model, texts, {
    maxNewTokens,
    stopIds: [],
    temperature: 0,
  })) {
    ids[sequence].push(id);
  }
  return ids;
}

describe.each(["native", "cpu"])("swapAdapter on %s", (engine) => {
  beforeAll(async () => {
    await startEngine(engine);
  });

  it("gives the bits of a fresh load, whatever was on the model, and leaves nothing of it", async () => {
    const [first, second] = [adapter("qwen2-qv"), adapter("qwen2-all-rs")];
    const model = await loadFixture("qwen2");
    const { tensors } = tensorMemory();
    for (const folder of [first, second, null, second, first, null]) {
      await swapAdapter(model, folder);
      const fresh = await freshly(folder);
      expect(logitsOf(model, prompts[0])).toEqual(logitsOf(fresh, prompts[0]));
      fresh.dispose();
    }
    expect(adapterNames(model)).toEqual([]);
    expect(tensorMemory().tensors).toBe(tensors);
    model.dispose();
  });

  it("lets texts under way go on as under an adapter that was there from the start", async () => {
    const steps = [
      { folder: adapter("qwen2-qv"), tokens: 5 },
      { folder: adapter("qwen2-all-rs"), tokens: 4 },
      { folder: null, tokens: 3 },
    ];
    const model = await freshly(steps[0].folder);
    const running = generate(model, prompts, { maxNewTokens: 12, stopIds: [], temperature: 0 });
    const texts = prompts.map((prompt) => [...prompt]);
    let expected = texts.map((text) => [...text]);
    for (const [index, { folder, tokens }] of steps.entries()) {
      if (index > 0) await swapAdapter(model, folder);
      for (let count = 0; count < tokens * prompts.length; count++) {
        const { value } = await running.next();
        texts[value!.sequence].push(value!.id);
      }
      const fresh = await freshly(folder);
      const more = await continued(fresh, expected, tokens);
      expected = expected.map((text, sequence) => [...text, ...more[sequence]]);
      fresh.dispose();
      expect(texts).toEqual(expected);
    }
    expect((await running.next()).done).toBe(true);
    // The adapters do not come to the same: else nothing would have been shown.
    const alone = await freshly(steps[0].folder);
    const without = await continued(alone, prompts, 12);
    alone.dispose();
    expect(texts.map((text, sequence) => text.slice(prompts[sequence].length))).not.toEqual(without);
    model.dispose();
  });

  it("leaves the model as it was where the folder is none", async () => {
    const model = await freshly(adapter("qwen2-qv"));
    const before = logitsOf(model, prompts[0]);
    await expect(swapAdapter(model, packagePath("fixtures"))).rejects.toThrow(/adapter_config\.json/);
    expect(logitsOf(model, prompts[0])).toEqual(before);
    model.dispose();
  });
});
