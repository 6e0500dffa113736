import {
  type CacheFormat,
  createKeyValueCache,
  embedding,
  type KeyValueCache,
  type LayerStep,
} from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import type { LanguageModel } from "../decoder/language-model.js";
import { SamplingError } from "./sampling-error.js";
import { checkSampling, sampleToken, samplingDefaults, type SamplingOptions } from "./sampling.js";

/** When and how to continue a prompt. */
export interface GenerationOptions extends Partial<SamplingOptions> {
  /** New tokens at most. @defaultValue {@link DEFAULT_MAX_NEW_TOKENS} */
  readonly maxNewTokens?: number;
  /** Ids that end a sequence; the id itself is still given out. @defaultValue the model's end-of-sequence ids */
  readonly stopIds?: readonly number[];
  /**
   * Number of each prompt's random stream, from 0 to 2³² − 1: a sampled continuation depends on its stream, not on its
   * place among the prompts. @defaultValue the number of the prompt
   */
  readonly streams?: readonly number[];
  /**
   * How keys and values of past tokens are kept: bf16 halves and int8 quarters what fp32 takes, and a long text's attention
   * reads as much less. @defaultValue `"auto"`, the engine's default
   */
  readonly cache?: CacheFormat | "auto";
  /** Ends generation between tokens. */
  readonly signal?: AbortSignal;
  /** Receives a sentence, once, when a prompt and its new tokens may pass the positions the model is meant for. */
  readonly onWarning?: (message: string) => void;
}

/** One new token of one sequence. */
export interface GeneratedToken {
  /** Number of the prompt. */
  readonly sequence: number;
  readonly id: number;
  /** Why the sequence ends here; null while it goes on. */
  readonly finishReason: FinishReason | null;
}

/** Why a text ended: at a stop id or what else was to stop it, or cut at its length. */
export type FinishReason = "stop" | "length";

/** Decides after a token whether its sequence ends, for what ids alone do not show, such as stop texts. */
export type ShouldStop = (token: GeneratedToken) => boolean;

/** Enough for a reply. */
export const DEFAULT_MAX_NEW_TOKENS = 256;

/**
 * Continues several prompts at once and gives out each new token as it comes; a sequence leaves the batch when it ends.
 *
 * Keys and values of past tokens are kept, so each step computes one row a sequence. The tokens of a sequence do not
 * depend on what it is batched with, up to rounding. Where the model becomes another between two tokens, as by an exchange of
 * its adapter, the texts so far are computed anew under it: what follows is what the new model continues them with.
 *
 * @param prompts token ids, at least one each
 * @throws SamplingError for an option out of range, RangeError for an empty prompt
 * @throws EngineError when the engine does not keep keys and values in the format asked for
 * @throws NonFiniteLogitsError if the weights or an adapter hold values that are not finite
 * @throws the signal's reason when it aborts: an AbortError, unless told otherwise
 */
export async function* generate(
  model: LanguageModel,
  prompts: readonly ArrayLike<number>[],
  options: GenerationOptions = {},
  shouldStop: ShouldStop = () => false,
): AsyncGenerator<GeneratedToken, void, undefined> {
  const sampling: SamplingOptions = { ...samplingDefaults, ...definedOnly(options) };
  checkSampling(sampling);
  const { maxNewTokens = DEFAULT_MAX_NEW_TOKENS, streams = prompts.map((_, sequence) => sequence) } = options;
  if (!Number.isInteger(maxNewTokens) || maxNewTokens < 0) {
    throw new SamplingError("maxNewTokens", "a whole number from 0", maxNewTokens);
  }
  checkStreams(streams, prompts.length);
  const empty = prompts.findIndex((prompt) => prompt.length === 0);
  if (empty >= 0) throw new RangeError(`prompt ${empty}: expected at least one token`);
  if (prompts.length === 0 || maxNewTokens === 0) return;
  warnOfLength(prompts, maxNewTokens, model.config.maxPositions, options.onWarning);

  const stopIds = new Set(options.stopIds ?? model.config.endOfSequenceIds);
  const seen = prompts.map((prompt) => new Set(Array.from(prompt)));
  const texts = prompts.map((prompt) => Array.from(prompt));
  /** Sequences still going, and the tokens each feeds into the next pass. */
  let active = prompts.map((_, sequence) => sequence);
  let pending: ArrayLike<number>[] = texts.map((text) => [...text]);
  let { revision } = model;
  let cache = createKeyValueCache(model.cacheShape, prompts.length, options.cache);
  let layers = cache.step ? model.layerSteps() : null;
  try {
    for (let step = 0; step < maxNewTokens && active.length > 0; step++) {
      options.signal?.throwIfAborted();
      if (model.revision !== revision) {
        ({ revision } = model);
        cache.dispose();
        cache = createKeyValueCache(model.cacheShape, active.length, options.cache);
        layers = cache.step ? model.layerSteps() : null;
        pending = active.map((sequence) => [...texts[sequence]]);
      }
      const ids = nextIds(model, layers, cache, pending, (logits, index) => {
        const sequence = active[index];
        return sampleToken(logits, seen[sequence], sampling, [streams[sequence], step]);
      });
      const staying: number[] = [];
      const next: number[][] = [];
      for (const [index, sequence] of active.entries()) {
        const id = ids[index];
        seen[sequence].add(id);
        texts[sequence].push(id);
        const cut = step + 1 === maxNewTokens ? "length" : null;
        const token: GeneratedToken = { sequence, id, finishReason: stopIds.has(id) ? "stop" : cut };
        const finishReason = shouldStop(token) ? "stop" : token.finishReason;
        yield { ...token, finishReason };
        if (finishReason !== null) continue;
        staying.push(index);
        next.push([id]);
      }
      if (staying.length < active.length) cache.select(staying);
      active = staying.map((index) => active[index]);
      pending = next;
      // Lets signals and other work in between the steps.
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    cache.dispose();
  }
}

/**
 * One pass over the pending tokens.
 * @param layers for caches that compute whole steps
 * @param sample chooses from the logits [V] after the last token of a sequence, which it may change
 * @returns an id a sequence
 */
function nextIds(
  model: LanguageModel,
  layers: readonly LayerStep[] | null,
  cache: KeyValueCache,
  pending: readonly ArrayLike<number>[],
  sample: (logits: Float32Array, index: number) => number,
): number[] {
  const segments = new Int32Array(pending.length + 1);
  pending.forEach((ids, index) => (segments[index + 1] = segments[index] + ids.length));
  const tokens = new Int32Array(segments[pending.length]);
  pending.forEach((ids, index) => tokens.set(ids, segments[index]));
  const firstPositions = cache.lengths;
  const prefill = firstPositions.includes(0);
  const logits = tf.tidy(() => {
    const hidden = model.hiddenStates(
      { tokens, segments },
      layers && !prefill
        ? { firstPositions, runLayers: (x, angles) => cache.step!(x, layers, angles) }
        : { firstPositions, attend: (layer, q, k, v) => cache.attend(layer, q, k, v, segments) },
    );
    return model.project(
      prefill
        ? embedding(
            hidden,
            segments.subarray(1).map((end) => end - 1),
          )
        : hidden,
    );
  });
  try {
    cache.advance(segments);
    const values = model.engine.valuesInPlace(logits);
    const [, vocabulary] = logits.shape;
    return pending.map((_, index) =>
      sample(values.subarray(index * vocabulary, (index + 1) * vocabulary), index),
    );
  } finally {
    logits.dispose();
  }
}

function checkStreams(streams: readonly number[], prompts: number): void {
  if (streams.length !== prompts) {
    throw new RangeError(`streams: expected ${prompts}, one a prompt, got ${streams.length}`);
  }
  const wrong = streams.findIndex((stream) => stream >>> 0 !== stream);
  if (wrong >= 0) {
    throw new RangeError(
      `streams, entry ${wrong}: expected a whole number from 0 to 2³² − 1, got ${streams[wrong]}`,
    );
  }
}

function warnOfLength(
  prompts: readonly ArrayLike<number>[],
  maxNewTokens: number,
  maxPositions: number,
  onWarning: GenerationOptions["onWarning"],
): void {
  let longest = 0;
  for (const { length } of prompts) longest = Math.max(longest, length);
  if (longest + maxNewTokens <= maxPositions) return;
  onWarning?.(
    `a prompt of ${longest} tokens and up to ${maxNewTokens} new ones may pass the ${maxPositions} positions that the ` +
      "model is meant for; what it writes beyond them is likely to be poor",
  );
}

function definedOnly(options: GenerationOptions): Partial<SamplingOptions> {
  const names = Object.keys(samplingDefaults) as (keyof SamplingOptions)[];
  return Object.fromEntries(
    names.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
  );
}
