import * as tf from "@tensorflow/tfjs-core";
import { ShapeError } from "../errors.js";
import type { FusedKernel, MaskedTerms } from "../fused-kernels.js";
import type { LinearTerms } from "../linear-terms.js";
import { applyMany } from "../operation.js";
import { dropoutMaskKey } from "./dropout.js";

/** Runs a fused kernel over x [N, I] and records it on the active tape. @returns its outputs, owned by the caller */
export function applyFused(
  kernel: FusedKernel,
  x: tf.Tensor2D,
  terms: readonly LinearTerms[],
): tf.Tensor2D[] {
  const masked = terms.map((term): MaskedTerms => {
    const { update } = term;
    return { mask: update && update.dropout > 0 ? dropoutMaskKey(update.site) : null, ...term };
  });
  const updates = terms.flatMap(({ update }) => (update ? [update.a, update.b] : []));
  return applyMany(kernel, [x, ...updates], masked) as tf.Tensor2D[];
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
