import type { AttentionHeads } from "@lathe/kernels";
import type * as tf from "@tensorflow/tfjs-core";
import type { LayerStep } from "./layer-step.js";
import type { RotaryAngles } from "./rotary-angles.js";

/**
 * How keys and values of past tokens are kept: as they are, rounded to bfloat16, or in 8 bits with a scale for each head of
 * each row.
 */
export type CacheFormat = "fp32" | "bf16" | "int8";

/** What a cache keeps of one layer. */
export interface LayerCacheShape extends AttentionHeads {
  /**
   * Whether the values are the keys, as where a layer keeps a latent of both (multi-head latent attention, arXiv:2405.04434,
   * §2.1): they are then of one size, and kept once.
   */
  readonly valuesAreKeys: boolean;
}

/** What a cache holds rows of: each layer's shape is its own. */
export interface CacheShape {
  /** In order. */
  readonly layers: readonly LayerCacheShape[];
}

/**
 * Keys and values of the tokens seen so far, of several sequences and all layers. Rows of several sequences are attended to
 * together, without padding. The caller owns it and disposes it.
 *
 * Axes: N new rows of all sequences; a layer's H query heads, G key/value heads, d size of a head's keys, e of its values.
 */
export interface KeyValueCache {
  readonly format: CacheFormat;
  /** Bytes held, with the room that rows to come have. */
  readonly byteLength: number;
  /** Tokens held a sequence, without those of the pass under way. */
  readonly lengths: Int32Array;
  /** Keeps only the given sequences, each at most once, in the given order; memory of the others is free at once. */
  select(sequences: readonly number[]): void;
  /** Adds sequences that hold nothing yet, behind the others. */
  add(sequences: number): void;
  /**
   * A cache of the same kind with one sequence: a copy of the first rows of one of these.
   * @param length rows of each layer, from 1 to what the sequence holds
   * @returns owned by the caller
   */
  extract(sequence: number, length: number): KeyValueCache;
  /**
   * Takes over the sequences of another cache of the same kind, behind its own; the other has none then.
   * @throws RangeError for a cache of another kind
   */
  join(other: KeyValueCache): void;
  /**
   * Appends the new rows of a layer and lets their queries see all rows of their sequence. Not recorded on a tape.
   *
   * @param q [N, H, d]   @param k [N, G, d]   @param v [N, G, e], not looked at where values are keys
   * @param segments offsets of the sequences' new rows
   * @returns [N, H, e], owned by the caller
   */
  attend(layer: number, q: tf.Tensor3D, k: tf.Tensor3D, v: tf.Tensor3D, segments: Int32Array): tf.Tensor3D;
  /**
   * One token of each sequence through all layers, for engines that do it faster than operation by operation; elsewhere
   * missing. Appends rows like {@link KeyValueCache.attend}. Not recorded on a tape, and nothing is dropped out.
   *
   * @param x [S, h], the residual stream of S sequences   @param layers all layers, in order
   * @param angles of the S positions
   * @returns the residual stream after the layers [S, h], owned by the caller
   */
  step?(x: tf.Tensor2D, layers: readonly LayerStep[], angles: RotaryAngles): tf.Tensor2D;
  /** Counts the rows of a finished pass as held. */
  advance(segments: Int32Array): void;
  /** Frees all memory at once; a second call is harmless. */
  dispose(): void;
}

/** The caches that an engine offers. */
export interface KeyValueCaches {
  /** The default first. */
  readonly formats: readonly CacheFormat[];
  /** Whether they hold such rows, which they do if left out; else the portable ones do, in their formats. */
  readonly takes?: (shape: CacheShape) => boolean;
  /** An empty cache in one of the formats. */
  readonly create: (shape: CacheShape, sequences: number, format: CacheFormat) => KeyValueCache;
}
