import { type Phrase, sayPhrase } from "@lathe/files";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { loadNativeKernels, threefry2x32 } from "@lathe/kernels";
import {
  type CacheFormat,
  createKeyValueCache,
  installedBinding,
  type KeyValueCache,
  startEngine,
} from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LanguageModel } from "../decoder/language-model.js";
import { loadModel } from "../load-model.js";
import { generate, type GeneratedToken, type GenerationOptions } from "./generate.js";
import { NonFiniteLogitsError } from "./non-finite-logits-error.js";

const models = new URL("../../fixtures/models/", import.meta.url);
const folder = (name: string): string => fileURLToPath(new URL(name, models));

/** Recorded by Transformers; see fixtures/README.md. */
interface Expected {
  readonly greedy_prompt: number[];
  readonly greedy_tokens: number[];
}

/** Ids of the fixtures' vocabulary of 320, without the one that ends a sequence. */
const ids = (length: number, seed: number): number[] =>
  Array.from({ length }, (_, index) => 3 + (threefry2x32([seed, 0], [index, 0])[0] % 317));

async function collect(tokens: AsyncIterable<GeneratedToken>): Promise<GeneratedToken[]> {
  const all: GeneratedToken[] = [];
  for await (const token of tokens) all.push(token);
  return all;
}

/** What a model continues each prompt with. */
async function continuedBy(
  model: LanguageModel,
  prompts: number[][],
  options: GenerationOptions,
): Promise<number[][]> {
  const replies: number[][] = prompts.map(() => []);
  for (const { sequence, id } of await collect(generate(model, prompts, options))) replies[sequence].push(id);
  return replies;
}

const loaded = loadNativeKernels();
const native = "kernels" in loaded ? loaded.kernels : null;
const hasTensorFlow = !("reason" in installedBinding());
const engines = ["wasm", ...(native ? ["native"] : []), ...(hasTensorFlow ? ["tensorflow"] : [])];

/** By how much logits of the fixtures' models, of magnitude 1, may differ from those without a cache. */
const cacheBounds: Readonly<Record<CacheFormat, number>> = { fp32: 1e-4, bf16: 0.02, int8: 0.04 };
const caches = [
  ["wasm", "fp32"],
  ...(hasTensorFlow ? ([["tensorflow", "fp32"]] as const) : []),
  ...(native ? (["fp32", "bf16", "int8"] as const).map((format) => ["native", format] as const) : []),
] as const;

describe.each(
  caches.flatMap(([engine, format]) =>
    [
      "qwen2",
      "llama",
      "qwen3",
      // Keys and values in fewer bits send tokens of so small a mixture to other experts; latents are kept in float32 alone.
      ...(format === "fp32" ? ["qwen3_moe", "deepseek_v3", "deepseek_v3_lite"] : []),
    ].map((name) => [engine, format, name] as const),
  ),
)("on %s, the key/value cache in %s of %s", (engine, format, name) => {
  let model: LanguageModel;
  beforeAll(async () => {
    await startEngine(engine, "fp32");
    model = await loadModel(folder(name));
  });
  afterAll(() => model.dispose());

  const cacheOf = (sequences: number): KeyValueCache => {
    return createKeyValueCache(model.cacheShape, sequences, format);
  };

  /** Logits of the next tokens of each sequence, after those in the cache. */
  function nextLogits(cache: KeyValueCache, rows: readonly number[][]): Float32Array[] {
    const segments = new Int32Array(rows.length + 1);
    rows.forEach((row, index) => (segments[index + 1] = segments[index] + row.length));
    const tokens = Int32Array.from(rows.flat());
    const logits = tf.tidy(() =>
      model.project(
        model.hiddenStates(
          { tokens, segments },
          {
            firstPositions: cache.lengths,
            attend: (layer, q, k, v) => cache.attend(layer, q, k, v, segments),
          },
        ),
      ),
    );
    cache.advance(segments);
    const [, width] = logits.shape;
    const values = logits.dataSync<"float32">().slice();
    logits.dispose();
    return rows.map((_, row) => values.subarray(segments[row] * width, segments[row + 1] * width));
  }

  function expectClose(actual: Float32Array, expected: Float32Array, what: string): void {
    expect(actual.length, what).toBe(expected.length);
    const worst = actual.reduce((most, value, i) => {
      const difference = Math.abs(value - expected[i]);
      return difference <= most ? most : difference;
    }, 0);
    expect(worst, what).toBeLessThan(cacheBounds[format]);
  }

  it("gives the logits of the whole sequence at every position, past the first 64 rows and 128", () => {
    const sequences = [ids(140, 1), ids(75, 2), ids(100, 3)];
    const whole = sequences.map((sequence) => {
      const cache = cacheOf(1);
      const [logits] = nextLogits(cache, [sequence]);
      cache.dispose();
      return logits;
    });
    const tokens = Int32Array.from(sequences[0]);
    tf.tidy(() => {
      const plain = model.project(model.hiddenStates({ tokens, segments: Int32Array.of(0, tokens.length) }));
      expectClose(whole[0], plain.dataSync<"float32">(), "the cache's first pass and no cache");
    });

    // Prefills of different length, then pieces of one to three tokens; a sequence leaves when it is at its end.
    const cache = cacheOf(sequences.length);
    let active = [0, 1, 2];
    const places = [0, 0, 0];
    for (let pass = 0; active.length > 0; pass++) {
      const lengths = active.map((s) =>
        Math.min(pass === 0 ? [60, 5, 70][s] : 1 + (pass % 3), sequences[s].length - places[s]),
      );
      const pieces = active.map((s, index) => sequences[s].slice(places[s], places[s] + lengths[index]));
      for (const [index, logits] of nextLogits(cache, pieces).entries()) {
        const s = active[index];
        const { vocabularySize } = model.config;
        const expected = whole[s].subarray(
          places[s] * vocabularySize,
          (places[s] + lengths[index]) * vocabularySize,
        );
        expectClose(logits, expected, `sequence ${s} from position ${places[s]}`);
        places[s] += lengths[index];
      }
      const staying = active.flatMap((s, index) => (places[s] < sequences[s].length ? [index] : []));
      cache.select(staying);
      active = staying.map((index) => active[index]);
    }
    expect(places).toEqual([140, 75, 100]);
    expect(cache.byteLength).toBe(0);
  });
});

describe.each(engines)("generate on %s", (engine) => {
  let model: LanguageModel;
  let expected: Expected;
  beforeAll(async () => {
    await startEngine(engine, "fp32");
    model = await loadModel(folder("qwen2"));
    expected = JSON.parse(await readFile(`${folder("qwen2")}/expected.json`, "utf8")) as Expected;
  });
  afterAll(() => model.dispose());

  const continued = (prompts: number[][], options: GenerationOptions): Promise<number[][]> =>
    continuedBy(model, prompts, options);

  it.each([
    ["greedy", {}],
    ["sampled", { temperature: 1, topP: 0.95, repetitionPenalty: 1.1, seed: 2 ** 40 + 1 }],
  ])("gives each sequence of a shrinking batch what it gives it alone, %s", async (_name, sampling) => {
    const prompts = [expected.greedy_prompt, ids(50, 4), ids(3, 5), ids(20, 6)];
    const options = { ...sampling, maxNewTokens: 40, stopIds: [] };
    const alone: number[][] = [];
    for (const [index, prompt] of prompts.entries()) {
      alone.push((await continued([prompt], { ...options, streams: [index] }))[0]);
    }
    const limits = [40, 3, 1, 25];
    const counts = prompts.map(() => 0);
    const replies: number[][] = prompts.map(() => []);
    const tokens = generate(
      model,
      prompts,
      options,
      ({ sequence }) => ++counts[sequence] === limits[sequence],
    );
    for (const { sequence, id, finishReason } of await collect(tokens)) {
      replies[sequence].push(id);
      expect(finishReason !== null).toBe(replies[sequence].length === limits[sequence]);
    }
    expect(replies).toEqual(alone.map((reply, sequence) => reply.slice(0, limits[sequence])));
  });

  it.each([
    ["greedy", {}],
    ["sampled", { temperature: 1, topP: 0.95, seed: 2 ** 35 + 3 }],
  ])("lets waiting prompts take the places of those that end, each as alone, %s", async (_name, sampling) => {
    const prompts = [
      expected.greedy_prompt,
      ids(50, 4),
      ids(3, 5),
      ids(20, 6),
      ids(1, 7),
      ids(70, 8),
      ids(9, 9),
    ];
    const limits = [12, 3, 1, 25, 30, 8, 2];
    const options = { ...sampling, maxNewTokens: 30, stopIds: [] };
    const alone: number[][] = [];
    for (const [index, prompt] of prompts.entries()) {
      const [reply] = await continued([prompt], { ...options, streams: [index] });
      alone.push(reply.slice(0, limits[index]));
    }
    let asked = 0;
    async function* oneByOne(): AsyncGenerator<number[]> {
      for (const prompt of prompts) {
        asked++;
        yield await Promise.resolve(prompt);
      }
    }
    for (const batchSize of [1, 2, 3, 7, 20]) {
      for (const source of [prompts, oneByOne()]) {
        const replies: number[][] = prompts.map(() => []);
        const begun: number[] = [];
        let open = 0;
        asked = 0;
        const tokens = generate(
          model,
          source,
          {
            ...options,
            batchSize,
            onBegin(sequence) {
              begun.push(sequence);
              expect(++open).toBeLessThanOrEqual(batchSize);
            },
          },
          ({ sequence }) => replies[sequence].length + 1 === limits[sequence],
        );
        for await (const { sequence, id, finishReason } of tokens) {
          replies[sequence].push(id);
          if (source !== prompts) expect(asked).toBe(begun.length);
          if (finishReason !== null) open--;
        }
        expect(replies).toEqual(alone);
        expect(begun).toEqual(prompts.map((_, sequence) => sequence));
      }
    }
  });

  it("asks for no more prompts when it is left, and says so to their source", async () => {
    let isLeft = false;
    async function* prompts(): AsyncGenerator<number[]> {
      try {
        for (;;) yield await Promise.resolve([5, 6]);
      } finally {
        isLeft = true;
      }
    }
    for await (const { id } of generate(model, prompts(), { batchSize: 2 })) if (id >= 0) break;
    expect(isLeft).toBe(true);
    const noPlace = collect(generate(model, [[5]], { batchSize: 0 }));
    await expect(noPlace).rejects.toThrow("batchSize: expected a whole number from 1, got 0");
  });

  it("draws from the stream it is given, whatever the place", async () => {
    const prompt = expected.greedy_prompt;
    const options = { temperature: 1, maxNewTokens: 12, stopIds: [] };
    const byPlace = await continued([prompt, prompt, prompt], options);
    expect(new Set(byPlace.map(String)).size).toBe(3);
    const turned = await continued([prompt, prompt, prompt], { ...options, streams: [2, 0, 1] });
    expect(turned).toEqual([byPlace[2], byPlace[0], byPlace[1]]);
    const [same, again] = await continued([prompt, prompt], { ...options, streams: [7, 7] });
    expect(again).toEqual(same);
    await continued([prompt], { ...options, maxNewTokens: 1, streams: [2 ** 32 - 1] });
  });

  it.each([[[0]], [[0, 1, 2]], [[0, -1]], [[0.5, 1]], [[0, 2 ** 32]], [[NaN, 0]]])(
    "refuses streams %j for two prompts",
    async (streams) => {
      await expect(collect(generate(model, [[5], [6]], { streams }))).rejects.toThrow(/^streams.*: expected/);
    },
  );

  it("goes on past the cache's first 64 rows as after a prompt that long", async () => {
    const length = 80;
    const options = { stopIds: [], cache: "fp32" } as const;
    const [reply] = await continued([expected.greedy_prompt], { ...options, maxNewTokens: length });
    expect(reply.slice(0, expected.greedy_tokens.length)).toEqual(expected.greedy_tokens);
    // From a prompt that holds the first 70 tokens, the rest is the same.
    const [rest] = await continued([[...expected.greedy_prompt, ...reply.slice(0, 70)]], {
      ...options,
      maxNewTokens: length - 70,
    });
    expect(rest).toEqual(reply.slice(70));
  });

  it("ends at the stop ids it is given in place of the model's, and gives them out", async () => {
    const stop = expected.greedy_tokens[5];
    const place = expected.greedy_tokens.indexOf(stop);
    const tokens = await collect(
      generate(model, [expected.greedy_prompt], { maxNewTokens: 20, stopIds: [stop, 319] }),
    );
    expect(tokens.map(({ id }) => id)).toEqual(expected.greedy_tokens.slice(0, place + 1));
    expect(tokens.map(({ finishReason }) => finishReason)).toEqual(
      tokens.map((_, index) => (index === place ? "stop" : null)),
    );
  });

  it("gives nothing for no prompts or no new tokens", async () => {
    expect(await collect(generate(model, [], {}))).toEqual([]);
    expect(await collect(generate(model, [[5, 6]], { maxNewTokens: 0 }))).toEqual([]);
  });

  it("marks the last token that maxNewTokens allows", async () => {
    const tokens = await collect(generate(model, [[5], [6]], { maxNewTokens: 1, stopIds: [] }));
    expect(tokens.map(({ sequence, finishReason }) => [sequence, finishReason])).toEqual([
      [0, "length"],
      [1, "length"],
    ]);
  });

  it("refuses an empty prompt and options out of range", async () => {
    const failure = (prompts: number[][], options: GenerationOptions) =>
      expect(collect(generate(model, prompts, options))).rejects;
    await failure([[5], []], {}).toThrow("prompt 1: expected at least one token");
    await failure([[5]], { maxNewTokens: -1 }).toThrow(
      "maxNewTokens: expected a whole number from 0, got -1",
    );
    await failure([[5]], { maxNewTokens: 1.5 }).toThrow(/^maxNewTokens/);
    await failure([[5]], { topP: 2 }).toThrow("topP: expected a number above 0, at most 1, got 2");
    await failure([[320]], {}).toThrow("token id 320");
  });

  it("ends with the signal's reason, before the first token or between tokens", async () => {
    const reason = new Error("enough");
    const early = generate(model, [[5]], { signal: AbortSignal.abort(reason) });
    await expect(collect(early)).rejects.toBe(reason);

    const controller = new AbortController();
    const seen: number[] = [];
    const run = async (): Promise<void> => {
      for await (const { id } of generate(model, [[5]], { stopIds: [], signal: controller.signal })) {
        seen.push(id);
        if (seen.length === 3) controller.abort();
      }
    };
    await expect(run()).rejects.toMatchObject({ name: "AbortError" });
    expect(seen).toHaveLength(3);
  });

  it("leaves no tensor behind, at its end or when it is left", async () => {
    await continued([[5]], { maxNewTokens: 2 });
    const before = tf.memory().numTensors;
    await continued([[5], ids(70, 7)], { maxNewTokens: 4 });
    for await (const { id } of generate(model, [[5], [6]], {})) if (id >= 0) break;
    expect(tf.memory().numTensors).toBe(before);
  });

  it.skipIf(engine !== "native")("frees the cache at once, at its end or when it is left", async () => {
    await continued([[5]], { maxNewTokens: 2 });
    const before = native!.memory();
    const held = (): number => native!.memory().allocatedBytes - before.allocatedBytes;
    for (const cache of ["fp32", "bf16", "int8"] as const) {
      await continued([[5], ids(70, 7)], { maxNewTokens: 4, cache, stopIds: [] });
      expect(native!.memory()).toMatchObject({
        allocatedBytes: before.allocatedBytes,
        allocations: before.allocations,
      });

      const left = generate(model, [[5], [6]], { cache, stopIds: [] });
      await left.next();
      const both = held();
      expect(both).toBeGreaterThan(0);
      await left.return();
      expect(held()).toBe(0);

      const failing = generate(model, [[5], [6]], { cache, stopIds: [] }, () => {
        throw new Error("enough");
      });
      await expect(collect(failing)).rejects.toThrow("enough");
      expect(held()).toBe(0);

      // The first sequence ends with its first token, the other goes on.
      const one = generate(model, [[5], [6]], { cache, stopIds: [] }, ({ sequence }) => sequence === 0);
      for (let token = 0; token < 3; token++) await one.next();
      expect(held()).toBe(both / 2);
      await one.return();
      expect(held()).toBe(0);
    }
  });

  it("computes whole steps as it does operation by operation, low-rank updates included", async () => {
    for (const name of ["qwen2", "qwen3"]) {
      const own = await loadModel(folder(name));
      const tensors: tf.Tensor[] = [];
      let asTerms = true;
      for (const { path, name: part, linear } of own.linears()) {
        if (part !== "q_proj" && part !== "down_proj" && part !== "up_proj") continue;
        const [outFeatures, inFeatures] = linear.shape;
        const a = tf.randomNormal<tf.Rank.R2>([3, inFeatures], 0, 0.2, "float32", 5);
        const b = tf.randomNormal<tf.Rank.R2>([outFeatures, 3], 0, 0.2, "float32", 6);
        tensors.push(a, b);
        own.replaceLinear(path, {
          shape: linear.shape,
          forward: (x) =>
            tf.tidy(() =>
              tf.add(linear.forward(x), tf.mul(0.7, tf.matMul(tf.matMul(x, a, false, true), b, false, true))),
            ),
          terms: () => {
            const terms = asTerms ? (linear.terms?.() ?? null) : null;
            return terms && { ...terms, update: { a, b, scale: 0.7, dropout: 0.5, site: path } };
          },
          denseWeight: () => linear.denseWeight(),
          denseBias: () => linear.denseBias(),
          dispose: () => linear.dispose(),
        });
      }
      const prompts = [expected.greedy_prompt, ids(9, 4), ids(1, 5), ids(20, 6), ids(2, 9)];
      for (const count of [1, 3, 5]) {
        const options = { maxNewTokens: 30, stopIds: [], cache: "fp32" } as const;
        const reply = async (): Promise<number[][]> => {
          const replies: number[][] = [];
          for (const { sequence, id } of await collect(generate(own, prompts.slice(0, count), options))) {
            (replies[sequence] ??= []).push(id);
          }
          return replies;
        };
        asTerms = true;
        const whole = await reply();
        asTerms = false;
        expect(whole).toEqual(await reply());
      }
      own.dispose();
      tf.dispose(tensors);
    }
  });

  it.each(["qwen2", "llama", "qwen3", "deepseek_v3"])(
    "gives Transformers' greedy tokens of %s with the default cache",
    async (name) => {
      const own = await loadModel(folder(name));
      const recorded = JSON.parse(await readFile(`${folder(name)}/expected.json`, "utf8")) as Expected;
      const { greedy_prompt: prompt, greedy_tokens: tokens } = recorded;
      const options = { maxNewTokens: tokens.length, stopIds: [] };
      // In a batch tokens take another way through the cache than alone.
      const replies = [
        await continuedBy(own, [prompt], options),
        await continuedBy(own, [prompt, prompt], options),
      ];
      own.dispose();
      expect(replies.flat()).toEqual([tokens, tokens, tokens]);
    },
  );

  it("keeps keys and values as it is told, or refuses in a sentence", async () => {
    const [expectedReply] = await continued([expected.greedy_prompt], { maxNewTokens: 12, stopIds: [] });
    expect(expectedReply).toEqual(expected.greedy_tokens.slice(0, 12));
    for (const cache of ["fp32", "bf16", "int8"] as const) {
      const reply = continued([expected.greedy_prompt], { maxNewTokens: 12, stopIds: [], cache });
      if (engine === "native" || cache === "fp32") await expect(reply).resolves.toHaveLength(1);
      else
        await expect(reply).rejects.toThrow(`cache ${cache}: engine ${engine} keeps keys and values in fp32`);
    }
  });

  it("warns once when a prompt and its new tokens may pass the model's positions", async () => {
    const { maxPositions } = model.config;
    const warnings: string[] = [];
    const options = {
      stopIds: [],
      onWarning: (warning: string | Phrase) => void warnings.push(sayPhrase(warning)),
    };
    const long = ids(maxPositions - 2, 8);
    await continued([[5], long], { ...options, maxNewTokens: 2 });
    expect(warnings).toEqual([]);
    await continued([[5], long], { ...options, maxNewTokens: 3 });
    expect(warnings).toEqual([
      "a prompt of 510 tokens and up to 3 new ones may pass the 512 positions that the model is meant for; " +
        "what it writes beyond them is likely to be poor",
    ]);
  });

  it("names sequence and step when the weights are not finite", async () => {
    const broken = await loadModel(folder("qwen2"));
    const { path, linear } = broken.linears()[0];
    broken.replaceLinear(path, {
      shape: linear.shape,
      forward: (x) => tf.tidy(() => tf.add(linear.forward(x), NaN)),
      denseWeight: () => linear.denseWeight(),
      denseBias: () => linear.denseBias(),
      dispose: () => linear.dispose(),
      terms: () => null,
    });
    const failure = await collect(generate(broken, [[5], [6]], { streams: [4, 9] })).catch(
      (error: unknown) => error,
    );
    broken.dispose();
    expect(failure).toBeInstanceOf(NonFiniteLogitsError);
    expect(failure).toMatchObject({ sequence: 4, step: 0 });
  });
});
