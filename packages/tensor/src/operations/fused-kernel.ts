import * as tf from "@tensorflow/tfjs-core";
import { ShapeError } from "../errors.js";
import { activeTape } from "../scope.js";
import { dropoutMaskKey, type MaskKey } from "./dropout.js";
import type { LinearTerms } from "./fused-linears.js";

/** {@link LinearTerms} with the dropout mask of this pass. */
export interface MaskedTerms extends LinearTerms {
  /** Null where nothing is dropped. */
  readonly mask: MaskKey | null;
}

/** How an engine computes something of several linears in one. Both parts run inside a `tf.tidy`. */
export interface FusedKernel {
  /**
   * @param needsX whether the gradient of x will be wanted
   * @param needsUpdates whether that of any a or b will be
   * @returns outputs, and what `pullback` reads
   */
  readonly forward: (
    x: tf.Tensor2D,
    terms: readonly MaskedTerms[],
    needsX: boolean,
    needsUpdates: boolean,
  ) => { readonly outputs: tf.Tensor2D[]; readonly saved: readonly tf.Tensor[] };
  /**
   * @param gradients per output, null where none came   @param saved by `forward`
   * @returns the gradient of x, or null where it is not needed, then those of a and b of each update in turn
   */
  readonly pullback: (
    gradients: readonly (tf.Tensor | null)[],
    saved: readonly tf.Tensor[],
    terms: readonly MaskedTerms[],
    needsX: boolean,
  ) => (tf.Tensor | null)[];
}

/** Runs a fused kernel over x [N, I] and records it on the active tape. @returns its outputs, owned by the caller */
export function applyFused(
  kernel: FusedKernel,
  x: tf.Tensor2D,
  terms: readonly LinearTerms[],
): tf.Tensor2D[] {
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

/** Expects x [N, I] and the parts of terms [O, I] to fit. @throws ShapeError */
export function checkTerms(
  name: string,
  { rank, shape }: { readonly rank: number; readonly shape: readonly number[] },
  { weight, bias, update }: LinearTerms,
): void {
  const [outFeatures, inFeatures] = weight.shape;
  const expect = (what: string, tensor: tf.Tensor, ...expected: number[]): void => {
    if (!tf.util.arraysEqual(tensor.shape, expected)) {
      throw new ShapeError(name, `${what} [${expected.join(", ")}]`, tensor.shape);
    }
  };
  if (rank !== 2 || shape[1] !== inFeatures) throw new ShapeError(name, `x [N, ${inFeatures}]`, [...shape]);
  if (bias) expect("bias", bias, outFeatures);
  if (!update) return;
  const updateRank = update.a.shape[0];
  expect("a", update.a, updateRank, inFeatures);
  expect("b", update.b, outFeatures, updateRank);
}
