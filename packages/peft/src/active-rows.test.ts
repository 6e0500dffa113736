/** Rows of one pass under an adapter each: what they come to is what each comes to alone. */
import { flatBatch, type LanguageModel } from "@lathe/model";
import { startEngine, tensorMemory } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { canShareRows, setActive, setActiveRows } from "./attach.js";
import { loadAdapter } from "./load-adapter.js";
import { largestDifference, loadFixture, logitsOf, packagePath } from "./testing.js";

const adapter = (run: string): string => packagePath(`fixtures/lora/${run}/adapter_end`);
const texts = [
  [5, 17, 200, 3],
  [9, 80, 41, 7, 250, 33],
  [1, 2, 3],
  [44, 45],
];

function logitsTogether(model: LanguageModel): Float32Array[] {
  const rows = texts.map((ids) => ({ inputIds: Int32Array.from(ids), labels: Int32Array.from(ids) }));
  return tf.tidy(() => {
    const logits = model.project(model.hiddenStates(flatBatch(rows)));
    const [, vocabulary] = logits.shape;
    const values = logits.dataSync<"float32">();
    let start = 0;
    return texts.map(({ length }) => {
      const own = values.slice(start * vocabulary, (start + length) * vocabulary);
      start += length;
      return own;
    });
  });
}

/** The ranges of rows of {@link texts} under an adapter each. */
function ranges(
  names: readonly (readonly string[])[],
): { start: number; end: number; names: readonly string[] }[] {
  let end = 0;
  return texts.map(({ length }, index) => ({ start: end, end: (end += length), names: names[index] }));
}

describe.each(["native", "cpu"])("setActiveRows on %s", (engine) => {
  beforeAll(async () => {
    await startEngine(engine, engine === "native" ? "fp32" : undefined);
  });

  it.each([
    ["qwen2", "qwen2-qv", "qwen2-all-rs"],
    ["llama", "llama-dora", "llama-dora"],
  ])("of %s computes each row under its own adapters", async (base, first, second) => {
    const model = await loadFixture(base);
    await loadAdapter(model, adapter(first), { name: "first" });
    await loadAdapter(model, adapter(second), { name: "second" });
    const chosen = [["first"], [], ["second"], ["first", "second"]];
    const alone = texts.map((ids, index) => {
      setActive(model, chosen[index]);
      return logitsOf(model, ids);
    });
    const { tensors } = tensorMemory();
    setActiveRows(model, ranges(chosen));
    const together = logitsTogether(model);
    // float32 sums in another order where more rows are multiplied at once.
    for (const [index, logits] of together.entries()) {
      expect(largestDifference(logits, alone[index])).toBeLessThan(1e-5);
    }
    expect(tensorMemory().tensors).toBe(tensors);
    setActive(model, []);
    expect(largestDifference(logitsTogether(model)[0], alone[0])).toBeGreaterThan(1e-3);
    setActive(model, ["first"]);
    expect(logitsOf(model, texts[0])).toEqual(alone[0]);
    model.dispose();
  });

  it("refuses adapters that are in force for all rows or none", async () => {
    const model = await loadFixture("llama");
    await loadAdapter(model, adapter("llama-modules-to-save"), { name: "whole" });
    expect(canShareRows(model, "whole")).toBe(false);
    expect(() => setActiveRows(model, ranges([["whole"], [], [], []]))).toThrow(
      "cannot be in force for some rows alone",
    );
    model.dispose();
    const other = await loadFixture("qwen2");
    await loadAdapter(other, adapter("qwen2-bias-lora-only"), { name: "bias" });
    expect(canShareRows(other, "bias")).toBe(false);
    expect(() => setActiveRows(other, ranges([["none"], [], [], []]))).toThrow(
      "expected an adapter among bias",
    );
    other.dispose();
  });
});
