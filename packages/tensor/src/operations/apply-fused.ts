import * as tf from "@tensorflow/tfjs-core";
import { ShapeError } from "../errors.js";
import type { FusedKernel, MaskedTerms } from "../fused-kernels.js";
import type { LinearTerms } from "../linear-terms.js";
import type { ManyKernel } from "../kernel.js";
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
  const isLasting = updates.every((update) => update instanceof tf.Variable);
  return applyMany(isLasting ? kernel : keepingUpdates(kernel), [x, ...updates], masked) as tf.Tensor2D[];
}

/** A kernel whose updates are computed themselves, and may be gone by the time that it is computed back: the tape keeps them. */
const keepingUpdates = (kernel: FusedKernel): ManyKernel<readonly MaskedTerms[]> => ({
  forward(inputs, terms, needed, together) {
    const { outputs, saved } = kernel.forward(inputs, terms, needed, together);
    return { outputs, saved: [...saved, ...inputs.slice(1)] };
  },
  pullback(gradients, saved, terms, needed) {
    const count = saved.length - (needed.length - 1);
    let place = count;
    const kept = terms.map(({ update, ...term }): MaskedTerms => {
      if (!update) return { ...term, update };
      const [a, b] = [saved[place++], saved[place++]] as tf.Tensor2D[];
      return { ...term, update: { ...update, a, b } };
    });
    return kernel.pullback(gradients, saved.slice(0, count), kept, needed);
  },
});

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
