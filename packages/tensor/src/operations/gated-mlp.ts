import type * as tf from "@tensorflow/tfjs-core";
import { engineInUse } from "../engine-in-use.js";
import { MissingKernelError, ShapeError } from "../errors.js";
import type { GatedMlpTerms } from "../linear-terms.js";
import { applyFused, checkTerms } from "./apply-fused.js";

/** Whether the engine in use takes {@link gatedMlp} of these terms. */
export function fusesGatedMlp(terms: GatedMlpTerms): boolean {
  return engineInUse().gatedMlp?.takes(terms) ?? false;
}

/**
 * down(silu(gate(x)) · up(x)) (Shazeer, arXiv:2002.05202), recorded on the active tape. What is f wide stays in the engine's
 * caches, and is kept for the backward pass in few bits.
 *
 * @param x [N, h]   @returns [N, h], owned by the caller
 * @throws ShapeError
 * @throws MissingKernelError where {@link fusesGatedMlp} is false
 */
export function gatedMlp(x: tf.Tensor2D, terms: GatedMlpTerms): tf.Tensor2D {
  const { gatedMlp: kernel, name } = engineInUse();
  if (!kernel?.takes(terms)) throw new MissingKernelError(name, "gatedMlp", "these terms");
  const { gate, up, down } = terms;
  const [intermediateSize] = gate.weight.shape;
  if (up.weight.shape[0] !== intermediateSize) {
    throw new ShapeError("gatedMlp", `up [${intermediateSize}, h]`, [...up.weight.shape]);
  }
  checkTerms("gatedMlp", x, gate);
  checkTerms("gatedMlp", x, up);
  checkTerms("gatedMlp", { rank: 2, shape: [x.shape[0], intermediateSize] }, down);
  return applyFused(kernel, x, [gate, up, down])[0];
}
