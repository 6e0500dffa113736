import type { PackedMoment } from "@lathe/kernels";
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

/** What one parameter's step over moments in 8 bits reads and changes. The moments lie in the memory of the host. */
export interface AdamW8bitUpdate {
  /** Assigned its new value. */
  readonly variable: tf.Variable;
  /** Borrowed. */
  readonly gradient: tf.Tensor;
  /** Written in place. */
  readonly first: PackedMoment;
  /** Written in place. */
  readonly second: PackedMoment;
}

/** What one parameter's step of Adafactor reads and changes. */
export interface AdafactorUpdate {
  /** [..., rows, columns] or a vector; assigned its new value. */
  readonly variable: tf.Variable;
  /** Borrowed. */
  readonly gradient: tf.Tensor;
  /** Means of squares of rows [..., rows], assigned; null for a vector. */
  readonly rowMoments: tf.Variable | null;
  /** Means of squares of columns [..., columns], or the squares of a vector; assigned. */
  readonly columnMoments: tf.Variable;
}

/** Constants of one step of Adafactor. */
export interface AdafactorSettings {
  readonly learningRate: number;
  readonly weightDecay: number;
  /** Share of the second moments that stays, 0 in the first step. */
  readonly kept: number;
  /** Factor on every gradient, e.g. from clipping. */
  readonly gradientScale: number;
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
  /** One step of AdamW over moments in 8 bits (arXiv:2110.02861), which are rounded after it. */
  readonly adamW8bit: (updates: readonly AdamW8bitUpdate[], settings: AdamWSettings) => void;
  /** One step of Adafactor (arXiv:1804.04235) without a first moment and with a rate from outside. */
  readonly adafactor: (updates: readonly AdafactorUpdate[], settings: AdafactorSettings) => void;
  /**
   * sum + part of equal shapes. `sum` is given up: an engine may add to its memory where no other tensor has a share in it.
   * @returns kept, owned by the caller
   */
  readonly addInto: (sum: tf.Tensor, part: tf.Tensor) => tf.Tensor;
  /** Σ x² over all elements of all tensors. */
  readonly sumOfSquares: (tensors: readonly tf.Tensor[]) => number;
  /** Copies numbers of a tensor, in row-major order from number `start` on, as many as `target` takes. */
  readonly read: (tensor: tf.Tensor, start: number, target: Float32Array) => void;
  /** Replaces numbers of a variable, in row-major order from number `start` on. Tensors that shared its memory keep their values. */
  readonly write: (variable: tf.Variable, start: number, values: Float32Array) => void;
}
