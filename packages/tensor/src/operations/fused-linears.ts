import type * as tf from "@tensorflow/tfjs-core";
import { engineInUse } from "../engine-in-use.js";
import { MissingKernelError } from "../errors.js";
import type { LinearTerms } from "../linear-terms.js";
import { applyFused, checkTerms } from "./apply-fused.js";

/** Whether the engine in use takes {@link fusedLinears}. */
export function fusesLinears(): boolean {
  return engineInUse().fusedLinears !== null;
}

/**
 * Several linears of the same rows: y = x Wᵀ + b + scale · dropout(x) Aᵀ Bᵀ each, recorded on the active tape. Rows are
 * read and packed once, updates are added while the products are in the cache.
 *
 * Axes: N rows, I inputs, O outputs, r rank. Weights and biases have no gradient; x and the updates have.
 * @param x [N, I]   @returns an output [N, O] a term, owned by the caller
 * @throws ShapeError
 * @throws MissingKernelError on an engine for which {@link fusesLinears} is false
 */
export function fusedLinears(x: tf.Tensor2D, terms: readonly LinearTerms[]): tf.Tensor2D[] {
  const { fusedLinears: kernel, name } = engineInUse();
  if (!kernel) throw new MissingKernelError(name, "fusedLinears", "it");
  for (const term of terms) checkTerms("fusedLinears", x, term);
  return applyFused(kernel, x, terms);
}
