import { embedding } from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs";
import type { LanguageModel } from "../decoder/language-model.js";
import { KeyValueCache } from "./key-value-cache.js";
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
  /** Whether the sequence ends here, by a stop id or by length. */
  readonly last: boolean;
}

/** Decides after a token whether its sequence ends, for what ids alone do not show, such as stop texts. */
export type ShouldStop = (token: GeneratedToken) => boolean;

/** Enough for a reply. */
export const DEFAULT_MAX_NEW_TOKENS = 256;

/**
 * Continues several prompts at once and gives out each new token as it comes; a sequence leaves the batch when it ends.
 *
 * Keys and values of past tokens are kept, so each step computes one row a sequence. The tokens of a sequence do not
 * depend on what it is batched with, up to rounding.
 *
 * @param prompts token ids, at least one each
 * @throws RangeError for an empty prompt or an option out of range
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
    throw new RangeError(`maxNewTokens: expected a whole number from 0, got ${maxNewTokens}`);
  }
  checkStreams(streams, prompts.length);
  const empty = prompts.findIndex((prompt) => prompt.length === 0);
  if (empty >= 0) throw new RangeError(`prompt ${empty}: expected at least one token`);
  if (prompts.length === 0 || maxNewTokens === 0) return;
  warnOfLength(prompts, maxNewTokens, model.config.maxPositions, options.onWarning);

  const stopIds = new Set(options.stopIds ?? model.config.endOfSequenceIds);
  const cache = new KeyValueCache(model.config, prompts.length);
  const seen = prompts.map((prompt) => new Set(Array.from(prompt)));
  /** Sequences still going, and the tokens each feeds into the next pass. */
  let active = prompts.map((_, sequence) => sequence);
  let pending = prompts.map((prompt) => Array.from(prompt));

  for (let step = 0; step < maxNewTokens && active.length > 0; step++) {
    options.signal?.throwIfAborted();
    const logits = nextLogits(model, cache, pending);
    const staying: number[] = [];
    const next: number[][] = [];
    for (const [index, sequence] of active.entries()) {
      const id = sampleToken(logits[index], seen[sequence], sampling, [streams[sequence], step]);
      seen[sequence].add(id);
      const ended = stopIds.has(id) || step + 1 === maxNewTokens;
      const token = { sequence, id, last: ended };
      const last = shouldStop(token) || ended;
      yield { ...token, last };
      if (last) continue;
      staying.push(index);
      next.push([id]);
    }
    cache.select(staying);
    active = staying.map((index) => active[index]);
    pending = next;
    // Lets signals and other work in between the steps.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** One pass over the pending tokens. @returns the logits [V] after the last token of each sequence */
function nextLogits(
  model: LanguageModel,
  cache: KeyValueCache,
  pending: readonly number[][],
): Float32Array[] {
  const segments = new Int32Array(pending.length + 1);
  pending.forEach((ids, index) => (segments[index + 1] = segments[index] + ids.length));
  const tokens = Int32Array.from(pending.flat());
  const values = tf.tidy(() => {
    const hidden = model.hiddenStates(
      { tokens, segments },
      {
        firstPositions: cache.lengths,
        attend: (layer, q, k, v) => cache.attend(layer, q, k, v, segments),
      },
    );
    const prefill = tokens.length > pending.length;
    return model.project(
      prefill
        ? embedding(
            hidden,
            segments.subarray(1).map((end) => end - 1),
          )
        : hidden,
    );
  });
  cache.advance(segments);
  const flat = values.dataSync() as Float32Array;
  const vocabulary = values.shape[1];
  values.dispose();
  return pending.map((_, index) => flat.slice(index * vocabulary, (index + 1) * vocabulary));
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
