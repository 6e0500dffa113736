import type { WeightMatrix } from "@lathe/kernels";
import type * as tf from "@tensorflow/tfjs-core";

/** A trained low-rank update of a product: scale · dropout(x) Aᵀ Bᵀ (LoRA, arXiv:2106.09685). */
export interface LowRankTerm {
  /** [r, I] */
  readonly a: tf.Tensor2D;
  /** [O, r] */
  readonly b: tf.Tensor2D;
  readonly scale: number;
  /** Rate at which the update's input is dropped inside `withDropout`. */
  readonly dropout: number;
  /** Names the place in the model that dropout masks are drawn for. */
  readonly site: string;
}

/** What a linear multiplies with: y = x Wᵀ + b, and a low-rank update. */
export interface LinearTerms {
  /** [O, I], frozen; its codes are read in place */
  readonly weight: WeightMatrix;
  /** [O], frozen, or null */
  readonly bias: tf.Tensor1D | null;
  readonly update: LowRankTerm | null;
}

/** The linears of a gated MLP. Axes: h hidden, f intermediate. */
export interface GatedMlpTerms {
  /** [f, h] */
  readonly gate: LinearTerms;
  /** [f, h] */
  readonly up: LinearTerms;
  /** [h, f] */
  readonly down: LinearTerms;
}
