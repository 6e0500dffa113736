import type * as tf from "@tensorflow/tfjs-core";

/** What one parameter's optimiser step reads and changes; all of one shape. */
export interface AdamWUpdate {
  /** Assigned its new value. */
  readonly variable: tf.Variable;
  /** Borrowed. */
  readonly gradient: tf.Tensor;
  /** First moment, assigned. */
  readonly first: tf.Variable;
  /** Second moment, assigned. */
  readonly second: tf.Variable;
}

/** Constants of one step of AdamW. */
export interface AdamWSettings {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Number of this step, 1 for the first. */
  readonly step: number;
  /** Factor on every gradient, e.g. from clipping. */
  readonly gradientScale: number;
}

/** Work over many tensors that is not differentiated. An engine may do it in one call. */
export interface Routines {
  /** One step of AdamW (arXiv:1711.05101) in PyTorch's form. */
  readonly adamW: (updates: readonly AdamWUpdate[], settings: AdamWSettings) => void;
  /**
   * sum + part of equal shapes. `sum` is given up: an engine may add to its memory where no other tensor has a share in it.
   * @returns kept, owned by the caller
   */
  readonly addInto: (sum: tf.Tensor, part: tf.Tensor) => tf.Tensor;
  /** Σ x² over all elements of all tensors. */
  readonly sumOfSquares: (tensors: readonly tf.Tensor[]) => number;
}
