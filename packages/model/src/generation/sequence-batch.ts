import {
  type CacheFormat,
  createKeyValueCache,
  embedding,
  type KeyValueCache,
  type LayerStep,
} from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import type { LanguageModel } from "../decoder/language-model.js";
import type { LayerPass } from "../decoder/layer-pass.js";
import { ExpertForecast } from "../walk/expert-forecast.js";
import { walkLayers } from "../walk/walk-layers.js";
import { NonFiniteLogitsError } from "./non-finite-logits-error.js";
import { type SampledRow, sampleTokens, type SamplingOptions } from "./sampling.js";

/** Tokens of prompts computed in one pass. */
const TOKENS_PER_PASS = 4096;

/** Why a text ended: at a stop id or what else was to stop it, or cut at its length. */
export type FinishReason = "stop" | "length";

/** Keys and values of the first tokens of a text, for texts that begin alike. */
export interface HeldPrefix {
  /** The tokens, at least one. */
  readonly ids: readonly number[];
  /** Of one sequence; the holder disposes it. */
  readonly cache: KeyValueCache;
}

/** A text to continue, and how. */
export interface SequenceOptions {
  /** Token ids, at least one. */
  readonly prompt: ArrayLike<number>;
  readonly sampling: SamplingOptions;
  /** Number of its random stream, from 0 to 2³² − 1. */
  readonly stream: number;
  /** New tokens at most, at least one. */
  readonly maxNewTokens: number;
  /** Ids that end it; the id itself is still given out. */
  readonly stopIds: ReadonlySet<number>;
  /** What it is computed under, where a batch has groups. @defaultValue null */
  readonly group?: string | null;
  /** What holds the keys and values of its first tokens, and how many of these: fewer than the prompt has. @defaultValue none */
  readonly prefix?: { readonly held: HeldPrefix; readonly length: number } | undefined;
  /** Receives the logits [V] of each new token before it is chosen, to change them. */
  readonly onLogits?: ((logits: Float32Array) => void) | undefined;
}

/** A text that is being continued. */
export interface BatchedSequence extends SequenceOptions {
  /** All its tokens so far. */
  readonly ids: readonly number[];
  /** How many of them are new. */
  readonly count: number;
}

/** What a step came to for one sequence: a token, or why there is none. */
export type SequenceOutcome =
  | {
      readonly sequence: BatchedSequence;
      readonly id: number;
      /** Why the sequence ends here; null while it goes on. */
      readonly finishReason: FinishReason | null;
    }
  | { readonly sequence: BatchedSequence; readonly error: unknown };

/** Rows [start, end) of what a pass computes, of sequences of one group. */
export interface RowGroup {
  readonly group: string | null;
  readonly start: number;
  readonly end: number;
}

/** How a {@link SequenceBatch} computes. */
export interface SequenceBatchOptions {
  /** See `cache` of `generate`. */
  readonly cache?: CacheFormat | "auto" | undefined;
  /**
   * Tokens of prompts computed in one pass at most, of layers that are in memory. Longer prompts take several, between which the
   * sequences that are going on have a token each; those that are new share a pass, so that a short prompt does not wait for a long
   * one. @defaultValue 4096
   */
  readonly tokensPerPass?: number | undefined;
  /**
   * Makes the model, whose layers are in memory, compute rows under their groups, such as adapters. Called before whatever computes
   * other rows than the last time; the ranges follow one another and cover all rows. A model that becomes another is the caller's
   * business then: without it, texts so far are computed anew under what the model has become.
   */
  readonly arrange?: ((rows: readonly RowGroup[]) => void) | undefined;
}

interface Going extends BatchedSequence {
  readonly ids: number[];
  readonly seen: Set<number>;
  readonly group: string | null;
  count: number;
}

/** What sequences feed in at a time. */
interface Feed {
  /** Tokens of each sequence; those that wait feed none. */
  readonly pending: readonly (readonly number[])[];
  /** Numbers of those that feed all that they have, and so come to a token. */
  readonly chosen: readonly number[];
  /** The tokens, and where those of each sequence begin. */
  readonly tokens: Int32Array;
  readonly segments: Int32Array;
  /** Whether it is the one token that each has not fed in. */
  readonly isStep: boolean;
}

/** Adds a token to a sequence. @returns why the sequence ends with it, or null */
function take(sequence: Going, id: number): FinishReason | null {
  sequence.seen.add(id);
  sequence.ids.push(id);
  sequence.count++;
  if (sequence.stopIds.has(id)) return "stop";
  return sequence.count >= sequence.maxNewTokens ? "length" : null;
}

/** Divides room among those that want some of it: whoever wants less than an equal share has all of it, and leaves the rest to the others. */
function shares(wanted: readonly number[], room: number): number[] {
  const given = wanted.map(() => 0);
  const inOrder = wanted.flatMap((count, index) => (count > 0 ? [index] : []));
  inOrder.sort((a, b) => wanted[a] - wanted[b]);
  for (const [place, index] of inOrder.entries()) {
    given[index] = Math.min(wanted[index], Math.max(1, Math.floor(room / (inOrder.length - place))));
    room -= given[index];
  }
  return given;
}

/**
 * Sequences that are continued together: a step computes a part of the prompts of those that are new, or a token of each. They join and
 * leave between steps, each with its own sampling, stop ids and group; the tokens of one do not depend on the others, up to rounding.
 */
export class SequenceBatch {
  readonly #model: LanguageModel;
  readonly #options: SequenceBatchOptions;
  /** Those of a group stand together; in the order of the cache. */
  #sequences: Going[] = [];
  #cache: KeyValueCache;
  #revision: number;
  /** Whether the last pass of layers that are in memory computed prompts. */
  #hadPrompts = false;
  /** What the model is arranged for, and its steps of layers then. */
  #arranged = "";
  /** Of the experts that tokens choose, where they are read when they are. */
  readonly #forecast = new ExpertForecast();
  #isStepping = false;
  #layers: readonly LayerStep[] | null | undefined;

  /**
   * @throws EngineError when the engine does not keep keys and values in the format asked for
   * @throws RangeError for rows of groups of a model whose layers are read
   */
  constructor(model: LanguageModel, options: SequenceBatchOptions = {}) {
    if (options.arrange && model.isStreamed) {
      throw new RangeError(
        "sequence batch: expected layers in memory to arrange rows for, got layers that are read",
      );
    }
    this.#model = model;
    this.#options = options;
    this.#cache = createKeyValueCache(model.cacheShape, 0, options.cache);
    this.#revision = model.revision;
  }

  /** Sequences that are going on. */
  get size(): number {
    return this.#sequences.length;
  }

  /** Bytes of keys and values, with the room that rows to come have. */
  get byteLength(): number {
    return this.#cache.byteLength;
  }

  /**
   * Takes up a sequence: the next steps compute its prompt, then its tokens.
   * @throws RangeError for an empty prompt
   * @throws Error while a step is under way
   */
  join(options: SequenceOptions): BatchedSequence {
    this.#expectNoStep();
    const ids = Array.from(options.prompt);
    if (ids.length === 0) throw new RangeError("prompt: expected at least one token");
    const { prefix, group = null } = options;
    if (prefix) {
      const own = prefix.held.cache.extract(0, prefix.length);
      try {
        this.#cache.join(own);
      } finally {
        own.dispose();
      }
    } else {
      this.#cache.add(1);
    }
    const sequence: Going = { ...options, group, prefix: undefined, ids, seen: new Set(ids), count: 0 };
    const last = this.#sequences.findLastIndex((other) => other.group === group);
    this.#sequences.push(sequence);
    if (last >= 0 && last < this.#sequences.length - 2) {
      const order = this.#sequences.map((_, index) => index);
      order.splice(last + 1, 0, order.pop()!);
      this.#select(order);
    }
    return sequence;
  }

  /** Lets go of a sequence; one that has left already is passed over. @throws Error while a step is under way */
  leave(sequence: BatchedSequence): void {
    this.#expectNoStep();
    const place = this.#sequences.findIndex((other) => other === sequence);
    if (place >= 0) this.#select(this.#sequences.flatMap((_, index) => (index === place ? [] : [index])));
  }

  /**
   * A copy of the keys and values of a sequence that is going on, so that others may begin with them; null while there are
   * none.
   */
  hold(sequence: BatchedSequence): HeldPrefix | null {
    const place = this.#sequences.findIndex((other) => other === sequence);
    const length = place < 0 ? 0 : this.#cache.lengths[place];
    return length === 0
      ? null
      : { ids: sequence.ids.slice(0, length), cache: this.#cache.extract(place, length) };
  }

  /**
   * Computes a part of the prompts of sequences that are new, or a token of each that goes on. A sequence that has ended or failed is to
   * leave before the next step. Where the model's layers are in memory, that is one pass, of as many tokens of prompts as it has room for,
   * and all is computed before this returns. Where they are read, all that is to be computed passes a layer before the next, prompts
   * whole, and the batch is left alone until the step has ended.
   * @param signal ends a step between parts of layers; what was computed of it is computed again by the next
   * @returns what it came to for each sequence that has a token more; none where prompts are not at their end yet
   * @throws the signal's reason when it aborts, and what reading a layer throws
   */
  async step(signal?: AbortSignal): Promise<SequenceOutcome[]> {
    this.#expectNoStep();
    if (this.#sequences.length === 0) return [];
    this.#follow();
    if (!this.#model.isStreamed) {
      const feed = this.#nextFeed();
      const logits = this.#computed(feed);
      return logits ? this.#sampled([feed], [logits]) : [];
    }
    this.#isStepping = true;
    try {
      // Prompts that do not fit a pass are others of the same walk.
      const feeds = this.#feeds();
      return this.#sampled(feeds, await this.#walked(feeds, signal));
    } finally {
      this.#isStepping = false;
    }
  }

  /** Lets go of all sequences and frees their memory. @throws Error while a step is under way */
  dispose(): void {
    this.#expectNoStep();
    this.#sequences = [];
    this.#cache.dispose();
  }

  #expectNoStep(): void {
    if (this.#isStepping) throw new Error("sequence batch: expected no step under way, got one that is");
  }

  #select(order: readonly number[]): void {
    this.#cache.select(order);
    this.#sequences = order.map((index) => this.#sequences[index]);
  }

  /** Forgets what was computed under what the model no longer is. */
  #follow(): void {
    if (this.#options.arrange || this.#model.revision === this.#revision) return;
    this.#revision = this.#model.revision;
    this.#layers = undefined;
    this.#cache.dispose();
    this.#cache = createKeyValueCache(this.#model.cacheShape, this.#sequences.length, this.#options.cache);
  }

  /** A pass of layers that are in memory: a share of the prompts, or a token of each sequence that goes on, in turns. */
  #nextFeed(): Feed {
    const { waiting, isNew } = this.#pending();
    const isStep = !isNew.includes(true);
    const hasPrompts = !isStep && !(this.#hadPrompts && isNew.includes(false));
    this.#hadPrompts = hasPrompts;
    const prompts = waiting.map((count, index) => (isNew[index] ? count : 0));
    const counts = hasPrompts
      ? shares(prompts, this.#options.tokensPerPass ?? TOKENS_PER_PASS)
      : isNew.map((one) => Number(isStep || !one));
    return this.#feedOf(counts, waiting, isStep);
  }

  /**
   * What passes layers that are read: a token of each sequence, or the whole prompts of those that are new, of which many that are short go
   * together.
   */
  #feeds(): Feed[] {
    const { waiting, isNew } = this.#pending();
    const isStep = !isNew.includes(true);
    const groups: number[][] = [];
    let tokens = 0;
    for (const [index, count] of waiting.entries()) {
      if (!isStep && !isNew[index]) continue;
      if (groups.length === 0 || (!isStep && tokens + count > TOKENS_PER_PASS)) {
        groups.push(waiting.map(() => 0));
        tokens = 0;
      }
      groups.at(-1)![index] = count;
      tokens += count;
    }
    return groups.map((counts) => this.#feedOf(counts, waiting, isStep));
  }

  /** Of each sequence, how many tokens it has not fed in, and whether those are of its prompt. */
  #pending(): { readonly waiting: readonly number[]; readonly isNew: readonly boolean[] } {
    const { lengths } = this.#cache;
    const waiting = this.#sequences.map(({ ids }, index) => ids.length - lengths[index]);
    return { waiting, isNew: waiting.map((count, index) => lengths[index] === 0 || count > 1) };
  }

  /** @param counts of tokens that each sequence feeds in   @param waiting those that it has */
  #feedOf(counts: readonly number[], waiting: readonly number[], isStep: boolean): Feed {
    const { lengths } = this.#cache;
    const pending = this.#sequences.map(({ ids }, index) =>
      ids.slice(lengths[index], lengths[index] + counts[index]),
    );
    const chosen = counts.flatMap((count, index) => (count > 0 && count === waiting[index] ? [index] : []));
    const segments = new Int32Array(pending.length + 1);
    pending.forEach((ids, index) => (segments[index + 1] = segments[index] + ids.length));
    return { pending, chosen, tokens: Int32Array.from(pending.flat()), segments, isStep };
  }

  /** Logits [chosen, V] after the last tokens of the sequences that come to a token, of layers that are in memory; null where none does. */
  #computed(feed: Feed): tf.Tensor2D | null {
    const { pending, tokens, segments, isStep } = feed;
    const model = this.#model;
    const cache = this.#cache;
    const firstPositions = cache.lengths;
    const [logits] = tf.tidy((): [tf.Tensor2D] | [] => {
      this.#arrange(pending.map(({ length }) => length));
      this.#layers ??= cache.step ? model.layerSteps() : null;
      const layers = isStep ? this.#layers : null;
      const hidden = model.hiddenStates(
        { tokens, segments },
        layers
          ? { firstPositions, runLayers: (x, angles) => cache.step!(x, layers, angles) }
          : { firstPositions, attend: (layer, q, k, v) => cache.attend(layer, q, k, v, segments) },
      );
      return feed.chosen.length === 0 ? [] : [this.#logitsOf(hidden, feed)];
    });
    cache.advance(segments);
    return logits ?? null;
  }

  /** What `#computed` gives, of layers that are read, all feeds through each of them. */
  async #walked(feeds: readonly Feed[], signal: AbortSignal | undefined): Promise<tf.Tensor2D[]> {
    const cache = this.#cache;
    const firstPositions = cache.lengths;
    const passes = feeds.map((feed): LayerPass<tf.Tensor2D> => {
      const { tokens, segments } = feed;
      const pass = this.#model.hiddenStatesPass(
        { tokens, segments },
        { firstPositions, attend: (layer, q, k, v) => cache.attend(layer, q, k, v, segments) },
      );
      return { ...pass, end: (x) => this.#logitsOf(pass.end(x), feed) };
    });
    const logits = await walkLayers(this.#model, passes, { forecast: this.#forecast, signal });
    for (const { segments } of feeds) cache.advance(segments);
    return logits;
  }

  /** @param hidden [N, h] of all tokens @returns [chosen, V] */
  #logitsOf(hidden: tf.Tensor2D, { pending, chosen, segments, isStep }: Feed): tf.Tensor2D {
    if (isStep) return this.#model.project(hidden);
    const last = embedding(
      hidden,
      Int32Array.from(chosen, (index) => segments[index + 1] - 1),
    );
    const isChosen = new Set(chosen);
    this.#arrange(pending.map((_, index) => Number(isChosen.has(index))));
    return this.#model.project(last);
  }

  /** Draws a token of each sequence that fed. @param logits of each feed, which are disposed */
  #sampled(feeds: readonly Feed[], logits: readonly tf.Tensor2D[]): SequenceOutcome[] {
    const outcomes: SequenceOutcome[] = [];
    try {
      for (const [index, { chosen }] of feeds.entries()) {
        outcomes.push(...this.#sample(chosen, this.#model.engine.valuesInPlace(logits[index])));
      }
      return outcomes;
    } finally {
      tf.dispose([...logits]);
    }
  }

  /** @param logits [chosen, V], which may be changed */
  #sample(chosen: readonly number[], logits: Float32Array): SequenceOutcome[] {
    const failures = new Map<Going, unknown>();
    const vocabulary = logits.length / chosen.length;
    const rows = chosen.map((index, place): SampledRow => {
      const sequence = this.#sequences[index];
      const { seen, sampling, stream, count } = sequence;
      try {
        sequence.onLogits?.(logits.subarray(place * vocabulary, (place + 1) * vocabulary));
      } catch (error) {
        failures.set(sequence, error);
      }
      return { seen, sampling, draw: [stream, count] };
    });
    return sampleTokens(logits, rows).map((token, place): SequenceOutcome => {
      const sequence = this.#sequences[chosen[place]];
      if (failures.has(sequence)) return { sequence, error: failures.get(sequence) };
      if (token instanceof NonFiniteLogitsError) return { sequence, error: token };
      return { sequence, id: token, finishReason: take(sequence, token) };
    });
  }

  /** Arranges the model for rows of the sequences, so many of each. */
  #arrange(counts: readonly number[]): void {
    const { arrange } = this.#options;
    if (!arrange) return;
    const rows: { group: string | null; start: number; end: number }[] = [];
    let row = 0;
    for (const [index, { group }] of this.#sequences.entries()) {
      if (counts[index] === 0) continue;
      const last = rows.at(-1);
      if (last?.group === group) last.end += counts[index];
      else rows.push({ group, start: row, end: row + counts[index] });
      row += counts[index];
    }
    // Where all rows are of one group, their number does not matter.
    const arranged = JSON.stringify(rows.length === 1 ? [rows[0].group] : rows);
    if (arranged === this.#arranged && this.#model.revision === this.#revision) return;
    arrange(rows);
    this.#arranged = arranged;
    this.#revision = this.#model.revision;
    this.#layers = undefined;
  }
}
