import type * as tf from "@tensorflow/tfjs-core";
import type { LinearTerms } from "./linear-terms.js";
import type { RotaryAngles } from "./rotary-angles.js";

/**
 * How keys and values of past tokens are kept: as they are, rounded to bfloat16, or in 8 bits with a scale for each head of
 * each row.
 */
export type CacheFormat = "fp32" | "bf16" | "int8";

/** What a cache holds rows of. */
export interface CacheShape {
  readonly layerCount: number;
  readonly headCount: number;
  readonly keyValueHeadCount: number;
  readonly headSize: number;
  /** Factor on the scores, usually 1 / √d. */
  readonly scale: number;
}

/** A pre-norm decoder layer, x + attention(norm(x)) and then y + mlp(norm(y)), as {@link KeyValueCache.step} takes it. */
export interface StepLayer {
  /** [h] */
  readonly inputNorm: tf.Tensor1D;
  /** [h] */
  readonly postAttentionNorm: tf.Tensor1D;
  /** [d], where queries are normalised a head; else null */
  readonly queryNorm: tf.Tensor1D | null;
  /** [d], likewise for keys */
  readonly keyNorm: tf.Tensor1D | null;
  /** [H · d, h] */
  readonly query: LinearTerms;
  /** [G · d, h] */
  readonly key: LinearTerms;
  /** [G · d, h] */
  readonly value: LinearTerms;
  /** [h, H · d] */
  readonly output: LinearTerms;
  /** [f, h] */
  readonly gate: LinearTerms;
  /** [f, h] */
  readonly up: LinearTerms;
  /** [h, f] */
  readonly down: LinearTerms;
}

/**
 * Keys and values of the tokens seen so far, of several sequences and all layers. Rows of several sequences are attended to
 * together, without padding. The caller owns it and disposes it.
 *
 * Axes: N new rows of all sequences, H query heads, G key/value heads, d head size.
 */
export interface KeyValueCache {
  readonly format: CacheFormat;
  /** Bytes held, with the room that rows to come have. */
  readonly byteLength: number;
  /** Tokens held a sequence, without those of the pass under way. */
  readonly lengths: Int32Array;
  /** Keeps only the given sequences, each at most once, in the given order; memory of the others is free at once. */
  select(sequences: readonly number[]): void;
  /**
   * Appends the new rows of a layer and lets their queries see all rows of their sequence. Not recorded on a tape.
   *
   * @param q [N, H, d]   @param k [N, G, d]   @param v [N, G, d]   @param segments offsets of the sequences' new rows
   * @returns [N, H, d], owned by the caller
   */
  attend(layer: number, q: tf.Tensor3D, k: tf.Tensor3D, v: tf.Tensor3D, segments: Int32Array): tf.Tensor3D;
  /**
   * One token of each sequence through all layers, for engines that do it faster than operation by operation; elsewhere
   * missing. Appends rows like {@link KeyValueCache.attend}. Not recorded on a tape, and nothing is dropped out.
   *
   * @param x [S, h], the residual stream of S sequences   @param layers all layers, in order
   * @param angles of the S positions   @param epsilon of the norms
   * @returns the residual stream after the layers [S, h], owned by the caller
   */
  step?(x: tf.Tensor2D, layers: readonly StepLayer[], angles: RotaryAngles, epsilon: number): tf.Tensor2D;
  /** Counts the rows of a finished pass as held. */
  advance(segments: Int32Array): void;
  /** Frees all memory at once; a second call is harmless. */
  dispose(): void;
}

/** The caches that an engine offers. */
export interface KeyValueCaches {
  /** The default first. */
  readonly formats: readonly CacheFormat[];
  /** An empty cache in one of the formats. */
  readonly create: (shape: CacheShape, sequences: number, format: CacheFormat) => KeyValueCache;
}
