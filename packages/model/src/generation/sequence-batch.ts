import {
  type CacheFormat,
  createKeyValueCache,
  embedding,
  type KeyValueCache,
  type LayerStep,
} from "@lathe/tensor";
import * as tf from "@tensorflow/tfjs-core";
import type { LanguageModel } from "../decoder/language-model.js";
import { NonFiniteLogitsError } from "./non-finite-logits-error.js";
import { type SampledRow, sampleTokens, type SamplingOptions } from "./sampling.js";

/** Tokens of prompts computed in one pass; a longer prompt is computed alone. */
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
   * Makes the model compute rows under their groups, such as adapters. Called before whatever computes other rows than the last
   * time; the ranges follow one another and cover all rows. A model that becomes another is the caller's business then: without
   * it, texts so far are computed anew under what the model has become.
   */
  readonly arrange?: ((rows: readonly RowGroup[]) => void) | undefined;
}

interface Going extends BatchedSequence {
  readonly ids: number[];
  readonly seen: Set<number>;
  readonly group: string | null;
  count: number;
}

/** Adds a token to a sequence. @returns why the sequence ends with it, or null */
function take(sequence: Going, id: number): FinishReason | null {
  sequence.seen.add(id);
  sequence.ids.push(id);
  sequence.count++;
  if (sequence.stopIds.has(id)) return "stop";
  return sequence.count >= sequence.maxNewTokens ? "length" : null;
}

/**
 * Sequences that are continued together, a token each a step. They join and leave between steps, each with its own sampling,
 * stop ids and group; the tokens of one do not depend on the others, up to rounding.
 */
export class SequenceBatch {
  readonly #model: LanguageModel;
  readonly #options: SequenceBatchOptions;
  /** Those of a group stand together; in the order of the cache. */
  #sequences: Going[] = [];
  #cache: KeyValueCache;
  #revision: number;
  /** What the model is arranged for, and its steps of layers then. */
  #arranged = "";
  #layers: readonly LayerStep[] | null | undefined;

  /** @throws EngineError when the engine does not keep keys and values in the format asked for */
  constructor(model: LanguageModel, options: SequenceBatchOptions = {}) {
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
   */
  join(options: SequenceOptions): BatchedSequence {
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

  /** Lets go of a sequence; one that has left already is passed over. */
  leave(sequence: BatchedSequence): void {
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
   * One pass: the prompts of sequences that are new, while the others wait, or else a token of each. A sequence that has ended or
   * failed is to leave before the next step.
   * @returns what it came to for each sequence that was computed
   */
  step(): SequenceOutcome[] {
    if (this.#sequences.length === 0) return [];
    this.#follow();
    const { pending, chosen, isStep } = this.#pass();
    const outcomes: SequenceOutcome[] = [];
    this.#compute(pending, chosen, isStep, (logits) => {
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
      for (const [place, token] of sampleTokens(logits, rows).entries()) {
        const sequence = this.#sequences[chosen[place]];
        if (failures.has(sequence)) outcomes.push({ sequence, error: failures.get(sequence) });
        else if (token instanceof NonFiniteLogitsError) outcomes.push({ sequence, error: token });
        else outcomes.push({ sequence, id: token, finishReason: take(sequence, token) });
      }
    });
    return outcomes;
  }

  /** Lets go of all sequences and frees their memory. */
  dispose(): void {
    this.#sequences = [];
    this.#cache.dispose();
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

  #pass(): {
    /** Tokens that each sequence feeds in; those that wait feed none. */
    readonly pending: readonly (readonly number[])[];
    /** Those that feed any. */
    readonly chosen: readonly number[];
    readonly isStep: boolean;
  } {
    const { lengths } = this.#cache;
    const isNew = this.#sequences.map(
      ({ ids }, index) => lengths[index] === 0 || ids.length - lengths[index] > 1,
    );
    const isStep = !isNew.includes(true);
    let tokens = 0;
    const chosen: number[] = [];
    const pending = this.#sequences.map(({ ids }, index) => {
      if (!isStep && !isNew[index]) return [];
      const count = ids.length - lengths[index];
      if (!isStep && tokens > 0 && tokens + count > TOKENS_PER_PASS) return [];
      tokens += count;
      chosen.push(index);
      return ids.slice(lengths[index]);
    });
    return { pending, chosen, isStep };
  }

  /** @param sample is given the logits [chosen, V] after the last tokens of the chosen sequences, which it may change */
  #compute(
    pending: readonly (readonly number[])[],
    chosen: readonly number[],
    isStep: boolean,
    sample: (logits: Float32Array) => void,
  ): void {
    const model = this.#model;
    const cache = this.#cache;
    const segments = new Int32Array(pending.length + 1);
    pending.forEach((ids, index) => (segments[index + 1] = segments[index] + ids.length));
    const tokens = new Int32Array(segments[pending.length]);
    pending.forEach((ids, index) => tokens.set(ids, segments[index]));
    const firstPositions = cache.lengths;
    const logits = tf.tidy(() => {
      this.#arrange(pending.map(({ length }) => length));
      this.#layers ??= cache.step ? model.layerSteps() : null;
      const layers = isStep ? this.#layers : null;
      const hidden = model.hiddenStates(
        { tokens, segments },
        layers
          ? { firstPositions, runLayers: (x, angles) => cache.step!(x, layers, angles) }
          : { firstPositions, attend: (layer, q, k, v) => cache.attend(layer, q, k, v, segments) },
      );
      if (isStep) return model.project(hidden);
      const last = embedding(
        hidden,
        Int32Array.from(chosen, (index) => segments[index + 1] - 1),
      );
      this.#arrange(pending.map(({ length }) => Math.min(length, 1)));
      return model.project(last);
    });
    try {
      cache.advance(segments);
      sample(model.engine.valuesInPlace(logits));
    } finally {
      logits.dispose();
    }
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
