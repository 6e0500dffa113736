import { sayPhrase } from "@lathe/files";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { loadModel, type LanguageModel } from "@lathe/model";
import { startEngine } from "@lathe/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generateReplies, scoreRows, streamReplies } from "./index.js";

const folder = fileURLToPath(new URL("../../../model/fixtures/models/qwen2/", import.meta.url));

/** Recorded by Transformers; see the fixtures' README. */
interface Expected {
  readonly input_ids: number[][];
  readonly attention_mask: number[][];
  readonly labels: number[][];
  readonly loss: number;
  readonly greedy_prompt: number[];
  readonly greedy_tokens: number[];
}

let model: LanguageModel;
let expected: Expected;
beforeAll(async () => {
  await startEngine("wasm");
  model = await loadModel(folder);
  expected = JSON.parse(await readFile(`${folder}expected.json`, "utf8")) as Expected;
});
afterAll(() => model.dispose());

const rows = () =>
  expected.input_ids.map((ids, row) => {
    const length = expected.attention_mask[row].filter((one) => one === 1).length;
    return {
      inputIds: Int32Array.from(ids.slice(0, length)),
      labels: Int32Array.from(expected.labels[row].slice(0, length)),
    };
  });

describe("scoreRows", () => {
  it("gives Transformers' loss, whatever the batches", async () => {
    for (const tokensPerBatch of [1, 50, 4096]) {
      const score = await scoreRows(model, rows(), { tokensPerBatch });
      expect(Math.abs(score.loss! - expected.loss) / expected.loss).toBeLessThan(1e-5);
      expect(score.perplexity).toBeCloseTo(Math.exp(score.loss!), 9);
      const sum = score.rows.reduce((total, row) => total + row.loss! * row.tokens, 0);
      expect(sum / score.tokens).toBeCloseTo(score.loss!, 9);
    }
  });

  it("has no loss for rows without labels", async () => {
    const [first] = rows();
    const silent = { inputIds: first.inputIds, labels: first.labels.map(() => -100) };
    expect(await scoreRows(model, [silent])).toEqual({
      loss: null,
      perplexity: null,
      tokens: 0,
      rows: [{ loss: null, tokens: 0 }],
    });
    const both = await scoreRows(model, [silent, first]);
    expect(both.rows[0].loss).toBeNull();
    expect(both.loss).toBe(both.rows[1].loss);
  });

  it("reports progress and stops when told", async () => {
    const seen: number[] = [];
    await scoreRows(model, rows(), { tokensPerBatch: 1, onProgress: (done) => seen.push(done) });
    expect(seen).toEqual([1, 2]);
    await expect(scoreRows(model, rows(), { signal: AbortSignal.abort() })).rejects.toThrow();
  });
});

describe("scoreRows, bad input", () => {
  it.each([0, -1, 1.5, NaN])("refuses tokensPerBatch %d", async (tokensPerBatch) => {
    await expect(scoreRows(model, rows(), { tokensPerBatch })).rejects.toThrow(
      `tokensPerBatch: expected a whole number from 1, got ${tokensPerBatch}`,
    );
  });

  it("names a row with another number of labels than tokens, before any is computed", async () => {
    const [first, second] = rows();
    const done: number[] = [];
    const wrong = { ...second, labels: second.labels.slice(1) };
    const length = second.inputIds.length;
    await expect(
      scoreRows(model, [first, wrong], { tokensPerBatch: 1, onProgress: (count) => done.push(count) }),
    ).rejects.toThrow(`row 1: expected ${length} labels, one a token, got ${length - 1}`);
    expect(done).toEqual([]);
  });
});

describe("generateReplies", () => {
  const options = { maxNewTokens: 24 };

  it("continues each prompt as alone, in any batch", async () => {
    const prompts = [expected.input_ids[0], expected.greedy_prompt, expected.input_ids[1].slice(0, 3)];
    const alone = await Promise.all(prompts.map((prompt) => generateReplies(model, [prompt], options)));
    expect(alone[1][0]).toEqual(expected.greedy_tokens);
    for (const batchSize of [2, 3]) {
      const together = await generateReplies(model, prompts, { ...options, batchSize });
      expect(together).toEqual(alone.map(([reply]) => reply));
    }
  });

  it("gives each reply out when it is complete, with the time it took", async () => {
    const prompts = [expected.greedy_prompt, expected.input_ids[0], expected.input_ids[1]];
    const whole = await generateReplies(model, prompts, { ...options, stopIds: [] });
    let tokens = 0;
    const seen: number[] = [];
    const replies = streamReplies(model, prompts, {
      ...options,
      stopIds: [whole[1][2]],
      batchSize: 2,
      onToken: () => tokens++,
    });
    for await (const { prompt, ids, finishReason, firstTokenSeconds, seconds } of replies) {
      seen.push(prompt);
      expect(ids).toEqual(whole[prompt].slice(0, ids.length));
      expect(finishReason).toBe(ids.length < options.maxNewTokens ? "stop" : "length");
      expect(seconds).toBeGreaterThanOrEqual(firstTokenSeconds);
      if (prompt === 1) expect(ids).toHaveLength(whole[1].indexOf(whole[1][2]));
    }
    expect(seen.toSorted()).toEqual([0, 1, 2]);
    expect(tokens).toBeGreaterThan(0);
  });

  it("reports progress that never falls and ends with all", async () => {
    const seen: number[] = [];
    const prompts = [expected.greedy_prompt, expected.input_ids[0], expected.input_ids[1]];
    await generateReplies(model, prompts, {
      ...options,
      batchSize: 2,
      onProgress: (done) => seen.push(done),
    });
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(3);
  });

  it("leaves out the id that ends a reply", async () => {
    const stop = expected.greedy_tokens[3];
    const [reply] = await generateReplies(model, [expected.greedy_prompt], { ...options, stopIds: [stop] });
    expect(reply).toEqual(expected.greedy_tokens.slice(0, expected.greedy_tokens.indexOf(stop)));
  });

  it("gives the same sampled replies for any batch size, each prompt its own", async () => {
    const [first, second] = expected.input_ids;
    const prompts = [first, expected.greedy_prompt, second.slice(0, 3), expected.greedy_prompt, second];
    const sampled = { ...options, temperature: 1, seed: 3, stopIds: [] };
    const replies = await generateReplies(model, prompts, { ...sampled, batchSize: 1 });
    expect(replies[3]).not.toEqual(replies[1]);
    for (const batchSize of [2, 3, 4, 5, 32]) {
      expect(await generateReplies(model, prompts, { ...sampled, batchSize }), `${batchSize}`).toEqual(
        replies,
      );
    }
    const last = await generateReplies(model, [second], { ...sampled, streams: [4] });
    expect(last).toEqual([replies[4]]);
    await expect(generateReplies(model, prompts, { ...sampled, streams: [4] })).rejects.toThrow(
      "streams: expected 5, one a prompt, got 1",
    );
  });

  it("ends a reply at a stop text, the others go on", async () => {
    const prompts = [expected.input_ids[0], expected.greedy_prompt];
    const sampled = { ...options, temperature: 1, stopIds: [] };
    const whole = await generateReplies(model, prompts, sampled);
    // Two letters an id, so that a stop text of three crosses a token's edge.
    const letters = (id: number): string => String.fromCodePoint(0x4e00 + id, 0x5e00 + id);
    const tokenizer = { streamDecoder: () => ({ push: letters, end: () => "" }) };
    const text = whole[1].map(letters).join("");
    const stop = text.slice(7, 10);
    const end = Math.ceil((text.indexOf(stop) + stop.length) / 2);
    const replies = await generateReplies(model, prompts, {
      ...sampled,
      stop: ["absent", stop],
      tokenizer,
    });
    expect(whole[0].map(letters).join("")).not.toContain(stop);
    expect(replies).toEqual([whole[0], whole[1].slice(0, end)]);
    await expect(generateReplies(model, prompts, { ...options, stop: ["x"] })).rejects.toThrow(
      "stop: expected a tokenizer",
    );
  });

  it("warns once of prompts that may pass the model's positions", async () => {
    const warnings: string[] = [];
    const prompts = [500, 3, 505].map((length) => Array.from({ length }, () => 5));
    await generateReplies(model, prompts, {
      maxNewTokens: 13,
      batchSize: 1,
      stopIds: [],
      onWarning: (warning) => warnings.push(sayPhrase(warning)),
    });
    expect(warnings).toEqual([expect.stringContaining("a prompt of 500 tokens and up to 13 new ones")]);
  });
});
