import type { WeightMatrix } from "@lathe/kernels";
import * as tf from "@tensorflow/tfjs";
import { ShapeError } from "../errors.js";
import { activeTape } from "../scope.js";
import { dropoutMaskKey, type MaskKey } from "./dropout.js";

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

/** {@link LinearTerms} with the dropout mask of this pass. */
export interface MaskedTerms extends LinearTerms {
  /** Null where nothing is dropped. */
  readonly mask: MaskKey | null;
}

/** How an engine computes several linears of the same rows together. Both parts run inside a `tf.tidy`. */
export interface FusedLinearsKernel {
  /**
   * @param needsX whether the gradient of x will be wanted
   * @param needsUpdates whether that of any a or b will be
   * @returns an output [N, O] a term, and what `pullback` reads
   */
  readonly forward: (
    x: tf.Tensor2D,
    terms: readonly MaskedTerms[],
    needsX: boolean,
    needsUpdates: boolean,
  ) => { readonly outputs: tf.Tensor2D[]; readonly saved: readonly tf.Tensor[] };
  /**
   * @param gradients per term, null where none came   @param saved by `forward`
   * @returns the gradient of x, or null where it is not needed, then those of a and b of each update in turn
   */
  readonly pullback: (
    gradients: readonly (tf.Tensor | null)[],
    saved: readonly tf.Tensor[],
    terms: readonly MaskedTerms[],
    needsX: boolean,
  ) => (tf.Tensor | null)[];
}

const ofEngines = new Map<string, FusedLinearsKernel>();

/** Gives an engine its kernel. @param backend name of the TensorFlow.js backend the engine runs on */
export function registerFusedLinears(backend: string, kernel: FusedLinearsKernel): void {
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
  for (const term of terms) checkShapes(x, term);

  const masked = terms.map((term): MaskedTerms => {
    const { update } = term;
    return { ...term, mask: update && update.dropout > 0 ? dropoutMaskKey(update.site) : null };
  });
  const tape = activeTape();
  const updates = terms.flatMap(({ update }) => (update ? [update.a, update.b] : []));
  const [needsX, ...needsEach] = [x, ...updates].map((input) => tape?.isTracked(input) ?? false);
  const needsUpdates = needsEach.includes(true);
  if (!tape || !(needsX || needsUpdates)) {
    return tf.tidy(() => kernel.forward(x, masked, false, false).outputs);
  }
  if (!tape.keeps) {
    const dry = tf.tidy(() => kernel.forward(x, masked, false, false).outputs);
    for (const output of dry) tape.track(output);
    return dry;
  }
  let saved: tf.Tensor[] = [];
  const outputs = tf.tidy(() => {
    const forward = kernel.forward(x, masked, needsX, needsUpdates);
    saved = forward.saved.map((tensor) => tf.keep(tensor.clone()));
    return forward.outputs;
  });
  tape.record(outputs, [x, ...updates], saved, (gradients) =>
    kernel.pullback(gradients, saved, masked, needsX),
  );
  return outputs;
}

function checkShapes(x: tf.Tensor2D, { weight, bias, update }: LinearTerms): void {
  const [outFeatures, inFeatures] = weight.shape;
  const expect = (name: string, tensor: tf.Tensor, ...shape: number[]): void => {
    if (!tf.util.arraysEqual(tensor.shape, shape)) {
      throw new ShapeError("fusedLinears", `${name} [${shape.join(", ")}]`, tensor.shape);
    }
  };
  if (x.rank !== 2 || x.shape[1] !== inFeatures) {
    throw new ShapeError("fusedLinears", `x [N, ${inFeatures}]`, x.shape);
  }
  if (bias) expect("bias", bias, outFeatures);
  if (!update) return;
  const rank = update.a.shape[0];
  expect("a", update.a, rank, inFeatures);
  expect("b", update.b, outFeatures, rank);
}
