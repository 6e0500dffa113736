import type { WeightMatrix } from "@lathe/kernels";
import * as tf from "@tensorflow/tfjs-core";
import { applyFused, checkTerms, type FusedKernel } from "./fused-kernel.js";

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

const ofEngines = new Map<string, FusedKernel>();

/**
 * Gives an engine its kernel, whose outputs are those of the linears.
 * @param backend name of the TensorFlow.js backend the engine runs on
 */
export function registerFusedLinears(backend: string, kernel: FusedKernel): void {
  ofEngines.set(backend, kernel);
}

/** Whether the engine in use takes {@link fusedLinears}. */
export function fusesLinears(): boolean {
  return ofEngines.has(tf.getBackend());
}

/**
 * Several linears of the same rows: y = x Wᵀ + b + scale · dropout(x) Aᵀ Bᵀ each, recorded on the active tape. Rows are
 * read and packed once, updates are added while the products are in the cache.
 *
 * Axes: N rows, I inputs, O outputs, r rank. Weights and biases have no gradient; x and the updates have.
 * @param x [N, I]   @returns an output [N, O] a term, owned by the caller
 * @throws ShapeError
 * @throws Error on an engine for which {@link fusesLinears} is false
 */
export function fusedLinears(x: tf.Tensor2D, terms: readonly LinearTerms[]): tf.Tensor2D[] {
  const kernel = ofEngines.get(tf.getBackend());
  if (!kernel) throw new Error(`fusedLinears: engine ${tf.getBackend()} has no kernel for it`);
  for (const term of terms) checkTerms("fusedLinears", x, term);
  return applyFused(kernel, x, terms);
}
