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
import { seededNumbers } from "../../../tensor/testing/seeded-numbers.js";

const folder = fileURLToPath(new URL("../../fixtures/models/qwen2/", import.meta.url));
const seed = 20261129;

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

  const step = async (batch: SequenceBatch): Promise<SequenceOutcome[]> => {
    const outcomes = await batch.step();
    for (const outcome of outcomes) {
      if ("error" in outcome || outcome.finishReason !== null) batch.leave(outcome.sequence);
    }
    return outcomes;
  };
  const finish = async (batch: SequenceBatch): Promise<void> => {
    while (batch.size > 0) await step(batch);
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
      await step(batch);
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

  it("computes long prompts in passes, beside which others go on and short ones begin", async () => {
    const random = seededNumbers(seed + 1);
    const ids = (length: number) =>
      Array.from({ length }, () => Math.floor(random() * model.config.vocabularySize));
    const { tensors } = tensorMemory();
    const batch = new SequenceBatch(model, { tokensPerPass: 8 });
    try {
      const going = batch.join(request(ids(3), { maxNewTokens: 40 }));
      await batch.step();
      await batch.step();
      const long = batch.join(request(ids(30), { stream: 1 }));
      const short = batch.join(request(ids(4), { stream: 2 }));
      let passes = 0;
      while (long.count === 0) {
        const had = [going.count, short.count];
        const outcomes = await batch.step();
        passes++;
        // A pass of prompts has the short one with it at once; the one after it is of those that go on.
        if (passes === 1) expect([going.count, short.count]).toEqual([had[0], 1]);
        if (passes % 2 === 0) expect([going.count, short.count]).toEqual([had[0] + 1, had[1] + 1]);
        expect(outcomes.every((outcome) => "id" in outcome)).toBe(true);
      }
      // 4 tokens of the first pass, 8 of three others, and 2 of the last.
      expect(passes).toBe(9);
      while (long.count < 12 && short.count < 12) await batch.step();
      const [longAlone, shortAlone] = [await alone(long), await alone(short)];
      const replyOf = ({ ids: all, count }: BatchedSequence) => all.slice(all.length - count);
      expect(replyOf(long)).toEqual(longAlone.slice(0, long.count));
      expect(replyOf(short)).toEqual(shortAlone.slice(0, short.count));
    } finally {
      batch.dispose();
    }
    expect(tensorMemory().tensors).toBe(tensors);
  });

  it("begins with what another holds of the same tokens", async () => {
    const text = [5, 17, 200, 3, 80, 41, 7, 33, 250, 12];
    const batch = new SequenceBatch(model);
    const first = batch.join(request(text));
    expect(batch.hold(first)).toBeNull();
    await batch.step();
    await batch.step();
    const held = batch.hold(first)!;
    expect(held.ids).toEqual([...text, newIds(first)[0]]);
    await finish(batch);
    for (const length of [1, 6, 9]) {
      const prompt = [...text.slice(0, length), 99, 98];
      const [fresh, reused, beside] = [
        batch.join(request(prompt)),
        batch.join(request(prompt, { prefix: { held, length } })),
        batch.join(request([1, 2, 3])),
      ];
      await batch.step();
      await finish(batch);
      expect(newIds(reused)).toEqual(newIds(fresh));
      expect(beside.count).toBe(12);
    }
    held.cache.dispose();
    batch.dispose();
  });

  it("computes rows of a group side by side and says which they are", async () => {
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
    await finish(batch);
    expect(seen).toEqual(["a 0-4, b 4-6", "a 0-2, b 2-3", "a 0-1, b 1-2"]);
    expect(sequences.map(({ count }) => count)).toEqual([3, 4, 4]);
    batch.dispose();
  });

  it("changes logits where it is asked to, and lets a sequence fail by itself", async () => {
    const batch = new SequenceBatch(model);
    const onLogits = (logits: Float32Array): void => void logits.fill(-Infinity).fill(0, 42, 43);
    const held = batch.join(request([1, 2], { onLogits, maxNewTokens: 3 }));
    const broken = batch.join(request([3], { onLogits: (logits) => void logits.fill(NaN) }));
    const whole = batch.join(request([1, 2], { maxNewTokens: 3 }));
    const outcomes = await step(batch);
    const [failed] = outcomes.filter((outcome) => "error" in outcome);
    expect(failed.sequence).toBe(broken);
    expect("error" in failed && failed.error).toBeInstanceOf(NonFiniteLogitsError);
    expect(batch.size).toBe(2);
    await finish(batch);
    expect(newIds(held)).toEqual([42, 42, 42]);
    expect(newIds(whole)).not.toContain(42);
    batch.dispose();
    expect(() => batch.join(request([]))).toThrow("expected at least one token");
  });
});
