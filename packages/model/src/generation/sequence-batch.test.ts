/** Sequences that join and leave at any step are what they are alone. */
import { fileURLToPath } from "node:url";
import { startEngine, tensorMemory } from "@lathe/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LanguageModel } from "../decoder/language-model.js";
import { loadModel } from "../load-model.js";
import { generate } from "./generate.js";
import { NonFiniteLogitsError } from "./non-finite-logits-error.js";
import { samplingDefaults } from "./sampling.js";
import {
  type BatchedSequence,
  SequenceBatch,
  type SequenceOptions,
  type SequenceOutcome,
} from "./sequence-batch.js";

const folder = fileURLToPath(new URL("../../fixtures/models/qwen2/", import.meta.url));
const seed = 20261129;

/** Numbers from 0 to below 1 (mulberry32). */
function seededNumbers(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const request = (prompt: readonly number[], more: Partial<SequenceOptions> = {}): SequenceOptions => ({
  prompt,
  sampling: samplingDefaults,
  stream: 0,
  maxNewTokens: 12,
  stopIds: new Set(),
  ...more,
});

describe.each(["native", "cpu"])("a batch of sequences on %s", (engine) => {
  let model: LanguageModel;
  beforeAll(async () => {
    await startEngine(engine, engine === "native" ? "fp32" : undefined);
    model = await loadModel(folder);
  });
  afterAll(() => model.dispose());

  /** What `generate` makes of one alone. */
  async function alone({
    prompt,
    sampling,
    stream,
    maxNewTokens,
    stopIds,
  }: SequenceOptions): Promise<number[]> {
    const ids: number[] = [];
    const options = { ...sampling, maxNewTokens, stopIds: [...stopIds], streams: [stream] };
    for await (const { id } of generate(model, [prompt], options)) ids.push(id);
    return ids;
  }

  const step = (batch: SequenceBatch): SequenceOutcome[] => {
    const outcomes = batch.step();
    for (const outcome of outcomes) {
      if ("error" in outcome || outcome.finishReason !== null) batch.leave(outcome.sequence);
    }
    return outcomes;
  };
  const finish = (batch: SequenceBatch): void => {
    while (batch.size > 0) step(batch);
  };
  const newIds = ({ ids, count }: BatchedSequence): number[] => ids.slice(ids.length - count);

  it("continues each as alone, with its own sampling and limits, whenever it joins and whoever leaves", async () => {
    const draw = seededNumbers(seed);
    const requests = Array.from({ length: 12 }, (_, index): SequenceOptions => {
      const prompt = Array.from({ length: 1 + Math.floor(draw() * 20) }, () => Math.floor(draw() * 256));
      const temperature = index % 3 === 0 ? 0 : draw();
      return request(prompt, {
        sampling: { ...samplingDefaults, temperature, topK: index % 4, seed: index },
        stream: Math.floor(draw() * 2 ** 32),
        maxNewTokens: 1 + Math.floor(draw() * 20),
        stopIds: new Set(index % 2 === 0 ? [Math.floor(draw() * 256)] : []),
        group: ["a", "b", null][index % 3],
      });
    });
    const { tensors } = tensorMemory();
    const batch = new SequenceBatch(model);
    const joined: BatchedSequence[] = [];
    const left = new Set<BatchedSequence>();
    while (joined.length < requests.length || batch.size > 0) {
      while (joined.length < requests.length && draw() < 0.4)
        joined.push(batch.join(requests[joined.length]));
      step(batch);
      if (draw() < 0.1 && joined.length > 0) {
        const one = joined[Math.floor(draw() * joined.length)];
        batch.leave(one);
        left.add(one);
      }
    }
    expect(batch.byteLength).toBe(0);
    batch.dispose();
    expect(tensorMemory().tensors).toBe(tensors);
    expect(left.size, `seed ${seed}`).toBeGreaterThan(0);
    for (const [index, sequence] of joined.entries()) {
      const expected = await alone(requests[index]);
      const ids = newIds(sequence);
      expect(ids, `seed ${seed}, sequence ${index}`).toEqual(expected.slice(0, ids.length));
      if (!left.has(sequence)) expect(ids).toHaveLength(expected.length);
    }
  });

  it("begins with what another holds of the same tokens", () => {
    const text = [5, 17, 200, 3, 80, 41, 7, 33, 250, 12];
    const batch = new SequenceBatch(model);
    const first = batch.join(request(text));
    expect(batch.hold(first)).toBeNull();
    batch.step();
    batch.step();
    const held = batch.hold(first)!;
    expect(held.ids).toEqual([...text, newIds(first)[0]]);
    finish(batch);
    for (const length of [1, 6, 9]) {
      const prompt = [...text.slice(0, length), 99, 98];
      const [fresh, reused, beside] = [
        batch.join(request(prompt)),
        batch.join(request(prompt, { prefix: { held, length } })),
        batch.join(request([1, 2, 3])),
      ];
      batch.step();
      finish(batch);
      expect(newIds(reused)).toEqual(newIds(fresh));
      expect(beside.count).toBe(12);
    }
    held.cache.dispose();
    batch.dispose();
  });

  it("computes rows of a group side by side and says which they are", () => {
    const seen: string[] = [];
    const batch = new SequenceBatch(model, {
      arrange: (rows) =>
        seen.push(rows.map(({ group, start, end }) => `${group} ${start}-${end}`).join(", ")),
    });
    const sequences = [
      batch.join(request([1, 2, 3], { group: "a", maxNewTokens: 3 })),
      batch.join(request([4, 5], { group: "b", maxNewTokens: 4 })),
      batch.join(request([6], { group: "a", maxNewTokens: 4 })),
    ];
    finish(batch);
    expect(seen).toEqual(["a 0-4, b 4-6", "a 0-2, b 2-3", "a 0-1, b 1-2"]);
    expect(sequences.map(({ count }) => count)).toEqual([3, 4, 4]);
    batch.dispose();
  });

  it("changes logits where it is asked to, and lets a sequence fail by itself", () => {
    const batch = new SequenceBatch(model);
    const onLogits = (logits: Float32Array): void => void logits.fill(-Infinity).fill(0, 42, 43);
    const held = batch.join(request([1, 2], { onLogits, maxNewTokens: 3 }));
    const broken = batch.join(request([3], { onLogits: (logits) => void logits.fill(NaN) }));
    const whole = batch.join(request([1, 2], { maxNewTokens: 3 }));
    const outcomes = step(batch);
    const [failed] = outcomes.filter((outcome) => "error" in outcome);
    expect(failed.sequence).toBe(broken);
    expect("error" in failed && failed.error).toBeInstanceOf(NonFiniteLogitsError);
    expect(batch.size).toBe(2);
    finish(batch);
    expect(newIds(held)).toEqual([42, 42, 42]);
    expect(newIds(whole)).not.toContain(42);
    batch.dispose();
    expect(() => batch.join(request([]))).toThrow("expected at least one token");
  });
});
