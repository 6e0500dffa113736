import * as tf from "@tensorflow/tfjs-core";
import { ShapeError } from "../errors.js";
import { applyFused, checkTerms, type FusedKernel } from "./fused-kernel.js";
import type { LinearTerms } from "./fused-linears.js";

/** The linears of a gated MLP. Axes: h hidden, f intermediate. */
export interface GatedMlpTerms {
  /** [f, h] */
  readonly gate: LinearTerms;
  /** [f, h] */
  readonly up: LinearTerms;
  /** [h, f] */
  readonly down: LinearTerms;
}

/** How an engine computes a gated MLP: a fused kernel of the terms gate, up and down with one output. */
export interface GatedMlpKernel extends FusedKernel {
  /** Whether the kernel can, as the engine was started. */
  readonly takes: (terms: GatedMlpTerms) => boolean;
}

const ofEngines = new Map<string, GatedMlpKernel>();

/** Gives an engine its kernel. @param backend name of the TensorFlow.js backend the engine runs on */
export function registerGatedMlp(backend: string, kernel: GatedMlpKernel): void {
  ofEngines.set(backend, kernel);
}

/** Whether the engine in use takes {@link gatedMlp} of these terms. */
export function fusesGatedMlp(terms: GatedMlpTerms): boolean {
  return ofEngines.get(tf.getBackend())?.takes(terms) ?? false;
}

/**
 * down(silu(gate(x)) · up(x)) (Shazeer, arXiv:2002.05202), recorded on the active tape. What is f wide stays in the engine's
 * caches, and is kept for the backward pass in few bits.
 *
 * @param x [N, h]   @returns [N, h], owned by the caller
 * @throws ShapeError
 * @throws Error where {@link fusesGatedMlp} is false
 */
export function gatedMlp(x: tf.Tensor2D, terms: GatedMlpTerms): tf.Tensor2D {
  const kernel = ofEngines.get(tf.getBackend());
  if (!kernel?.takes(terms))
    throw new Error(`gatedMlp: engine ${tf.getBackend()} has no kernel for these terms`);
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
