import { type OnWarning, phrase } from "@lathe/files";
import type { CacheFormat } from "@lathe/tensor";
import type { LanguageModel } from "../decoder/language-model.js";
import { SamplingError } from "./sampling-error.js";
import { checkSampling, samplingDefaults, type SamplingOptions } from "./sampling.js";
import { type BatchedSequence, type FinishReason, SequenceBatch } from "./sequence-batch.js";

/** When and how to continue a prompt. */
export interface GenerationOptions extends Partial<SamplingOptions> {
  /** New tokens at most. @defaultValue {@link DEFAULT_MAX_NEW_TOKENS} */
  readonly maxNewTokens?: number;
  /** Ids that end a sequence; the id itself is still given out. @defaultValue the model's end-of-sequence ids */
  readonly stopIds?: readonly number[];
  /**
   * Number of each prompt's random stream, from 0 to 2³² − 1: a sampled continuation depends on its stream, not on its
   * place among the prompts. As a list one a prompt, or by the number of the prompt. @defaultValue the number of the prompt
   */
  readonly streams?: readonly number[] | ((sequence: number) => number);
  /** Sequences continued at one time; the other prompts wait until one of them ends. @defaultValue all */
  readonly batchSize?: number;
  /**
   * How keys and values of past tokens are kept: bf16 halves and int8 quarters what fp32 takes, and a long text's attention
   * reads as much less. @defaultValue `"auto"`, the engine's default
   */
  readonly cache?: CacheFormat | "auto";
  /** Hears the number of each prompt when it is taken up. */
  readonly onBegin?: (sequence: number) => void;
  /** Ends generation between tokens. */
  readonly signal?: AbortSignal;
  /** Receives a sentence, once, when a prompt and its new tokens may pass the positions the model is meant for. */
  readonly onWarning?: OnWarning;
}

/** One new token of one sequence. */
export interface GeneratedToken {
  /** Number of the prompt. */
  readonly sequence: number;
  readonly id: number;
  /** Why the sequence ends here; null while it goes on. */
  readonly finishReason: FinishReason | null;
}

/** Decides after a token whether its sequence ends, for what ids alone do not show, such as stop texts. */
export type ShouldStop = (token: GeneratedToken) => boolean;

/** Enough for a reply. */
export const DEFAULT_MAX_NEW_TOKENS = 256;

/** Prompts to continue: all at hand, or one after the other, asked for when there is a place for it. */
export type Prompts = readonly ArrayLike<number>[] | AsyncIterable<ArrayLike<number>>;

/** A prompt whose turn it is. */
interface Begun {
  /** Its number. */
  readonly sequence: number;
  /** Number of its random stream. */
  readonly stream: number;
  readonly prompt: ArrayLike<number>;
}

/**
 * Continues prompts together and gives out each new token as it comes. A sequence leaves when it ends, and where prompts wait the
 * next takes its place.
 *
 * Keys and values of past tokens are kept, so each step computes one row a sequence. The tokens of a sequence do not
 * depend on what it is batched with, up to rounding. Where the model becomes another between two tokens, as by an exchange of
 * its adapter, the texts so far are computed anew under it: what follows is what the new model continues them with.
 *
 * @param prompts token ids, at least one each
 * @throws SamplingError for an option out of range, RangeError for an empty prompt
 * @throws EngineError when the engine does not keep keys and values in the format asked for
 * @throws NonFiniteLogitsError if the weights or an adapter hold values that are not finite
 * @throws the signal's reason when it aborts
 */
export async function* generate(
  model: LanguageModel,
  prompts: Prompts,
  options: GenerationOptions = {},
  shouldStop: ShouldStop = () => false,
): AsyncGenerator<GeneratedToken, void, undefined> {
  const sampling: SamplingOptions = { ...samplingDefaults, ...definedOnly(options) };
  checkSampling(sampling);
  const { maxNewTokens = DEFAULT_MAX_NEW_TOKENS, batchSize = Number.POSITIVE_INFINITY } = options;
  checkCount("maxNewTokens", maxNewTokens, 0);
  if (batchSize !== Number.POSITIVE_INFINITY) checkCount("batchSize", batchSize, 1);
  if (!(Symbol.asyncIterator in prompts)) checkPrompts(prompts, options.streams);
  if (maxNewTokens === 0) return;

  const stopIds = new Set(options.stopIds ?? model.config.endOfSequenceIds);
  const waiting = new WaitingPrompts(prompts, maxNewTokens, model.config.maxPositions, options);
  const batch = new SequenceBatch(model, { cache: options.cache });
  const numbers = new Map<BatchedSequence, number>();
  try {
    for (;;) {
      options.signal?.throwIfAborted();
      for (const { sequence, ...begun } of await waiting.next(batchSize - batch.size)) {
        numbers.set(batch.join({ ...begun, sampling, maxNewTokens, stopIds }), sequence);
      }
      if (batch.size === 0) return;
      const tokens = (await batch.step(options.signal)).map(
        (outcome): GeneratedToken & { readonly of: BatchedSequence } => {
          if ("error" in outcome) throw outcome.error;
          const { sequence, id, finishReason } = outcome;
          return { sequence: numbers.get(sequence)!, id, finishReason, of: sequence };
        },
      );
      for (const { of, ...token } of tokens) {
        const finishReason = shouldStop(token) ? "stop" : token.finishReason;
        yield { ...token, finishReason };
        if (finishReason === null) continue;
        batch.leave(of);
        numbers.delete(of);
      }
      // Lets signals and other work in between the steps.
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    batch.dispose();
    await waiting.close();
  }
}

/** Prompts that have not begun. */
class WaitingPrompts {
  readonly #source: Iterator<ArrayLike<number>> | AsyncIterator<ArrayLike<number>>;
  #sequence = 0;
  #isAtEnd = false;
  #isWarned = false;

  constructor(
    prompts: Prompts,
    readonly maxNewTokens: number,
    readonly maxPositions: number,
    readonly options: Pick<GenerationOptions, "streams" | "onBegin" | "onWarning">,
  ) {
    this.#source =
      Symbol.asyncIterator in prompts ? prompts[Symbol.asyncIterator]() : prompts[Symbol.iterator]();
  }

  /** As many as there are places for, or as there are. */
  async next(places: number): Promise<Begun[]> {
    const begun: Begun[] = [];
    while (begun.length < places && !this.#isAtEnd) {
      const step = await this.#source.next();
      if (step.done === true) {
        this.#isAtEnd = true;
        break;
      }
      const prompt = step.value;
      const sequence = this.#sequence++;
      const stream = streamOf(this.options.streams, sequence);
      checkPrompt(prompt, sequence);
      this.options.onBegin?.(sequence);
      this.#warnOfLength(prompt.length);
      begun.push({ sequence, stream, prompt });
    }
    return begun;
  }

  /** Lets go of prompts that are not asked for any more. */
  async close(): Promise<void> {
    if (!this.#isAtEnd) await this.#source.return?.();
  }

  #warnOfLength(length: number): void {
    if (this.#isWarned || length + this.maxNewTokens <= this.maxPositions) return;
    this.#isWarned = true;
    this.options.onWarning?.(
      phrase`a prompt of ${length} tokens and up to ${this.maxNewTokens} new ones may pass the ${this.maxPositions} positions that the model is meant for; what it writes beyond them is likely to be poor`,
    );
  }
}

function checkCount(option: "maxNewTokens" | "batchSize", value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new SamplingError(option, phrase`a whole number from ${least}`, value);
}

/** All prompts that are at hand, before the first is computed. */
function checkPrompts(prompts: readonly ArrayLike<number>[], streams: GenerationOptions["streams"]): void {
  if (typeof streams === "object") checkStreams(streams, prompts.length);
  for (const [sequence, prompt] of prompts.entries()) checkPrompt(prompt, sequence);
}

function checkPrompt({ length }: ArrayLike<number>, sequence: number): void {
  if (length === 0) throw new RangeError(`prompt ${sequence}: expected at least one token`);
}

const streamOf = (streams: GenerationOptions["streams"], sequence: number): number =>
  typeof streams === "function" ? streams(sequence) : (streams?.[sequence] ?? sequence);

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

function definedOnly(options: GenerationOptions): Partial<SamplingOptions> {
  const names = Object.keys(samplingDefaults) as (keyof SamplingOptions)[];
  return Object.fromEntries(
    names.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
  );
}
