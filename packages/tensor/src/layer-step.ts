import type * as tf from "@tensorflow/tfjs-core";
import type { LinearTerms } from "./linear-terms.js";

/**
 * What a layer computes one token of each sequence with, in the engine's own memory: neither tensors nor a tape, and nothing is
 * dropped out. Rows that an operation gives are valid until the layer ends.
 *
 * Axes: S sequences, h width of the residual stream, H query heads, G key/value heads, d size of a head's keys, e of its values.
 */
export interface StepContext {
  /** The residual stream [S, h]. What a layer leaves in it is the next one's. */
  readonly residual: Float32Array;
  /** RMS norm over runs of as many numbers as the weight has: of rows, or of their heads. @returns as many numbers as x */
  rmsNorm(x: Float32Array, weight: tf.Tensor1D, epsilon: number): Float32Array;
  /** Products of the same rows [S, I] with several weights. @returns [S, O] a weight */
  linears(x: Float32Array, terms: readonly LinearTerms[]): Float32Array[];
  /** Adds the product of rows [S, I] to the residual stream. */
  addLinear(x: Float32Array, terms: LinearTerms): void;
  /** Turns heads [S, H, d] in place, as the positions of the tokens demand. */
  rotate(x: Float32Array, headCount: number, headSize: number): void;
  /** Appends keys [S, G, d] and values [S, G, e] to the layer's, and attends to all. @param q [S, H, d] @returns [S, H, e] */
  attend(q: Float32Array, k: Float32Array, v: Float32Array): Float32Array;
  /** silu(gate) · up, written over gate, which is returned. */
  swiglu(gate: Float32Array, up: Float32Array): Float32Array;
}

/** One token of each sequence through one layer. */
export type LayerStep = (context: StepContext) => void;
