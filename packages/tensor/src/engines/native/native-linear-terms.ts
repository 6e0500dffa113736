import type { GateTerms, LowRankUpdate } from "@lathe/kernels";
import type * as tf from "@tensorflow/tfjs-core";
import type { MaskedTerms } from "../../operations/fused-kernel.js";
import type { LowRankTerm } from "../../operations/fused-linears.js";
import { keptView, openActivation } from "./kept-activations.js";
import { nativeBackend } from "./native-backend.js";
import { nativeTensor, nativeView, nativeWeight } from "./native-tensor.js";
import { productOptions } from "./product-options.js";

/** x under the mask of a term; x itself where nothing is dropped. */
function masked(x: tf.Tensor, { mask, update }: MaskedTerms): tf.Tensor {
  if (!mask || !update) return x;
  return nativeTensor(x.shape, (out) => {
    nativeBackend().kernels.dropout(nativeView(x), out, mask[0], mask[1], update.dropout);
  });
}

/** left [N, r] and right as the last step of a product takes them. */
export function lowRank(left: tf.Tensor, right: tf.Tensor, { a }: LowRankTerm, scale: number): LowRankUpdate {
  return { left: nativeView(left), right: nativeView(right), rank: a.shape[0], scale };
}

/**
 * dropout(x) Aᵀ [N, r] of a term, or null where it has no update.
 * @param x [N, I], or what was kept of it unless the term has a mask
 */
export function innerProduct(x: tf.Tensor, rows: number, term: MaskedTerms): tf.Tensor | null {
  const { update } = term;
  if (!update) return null;
  const input = masked(x, term);
  const product = nativeTensor([rows, update.a.shape[0]], (y) => {
    nativeBackend().kernels.linear(keptView(input), nativeWeight(update.a), null, y);
  });
  if (input !== x) input.dispose();
  return product;
}

/** A term as forward products take it. @param inner what {@link innerProduct} gave */
export function forwardTerms({ weight, bias, update }: MaskedTerms, inner: tf.Tensor | null): GateTerms {
  return {
    weight,
    bias: bias && nativeView(bias),
    lowRank: update && lowRank(inner!, update.b, update, update.scale),
  };
}

/** scale · dy B [N, r], the gradient of a term's inner product. @param dy [N, O], or what was kept of it */
export function innerGradient(dy: tf.Tensor, rows: number, { a, b, scale }: LowRankTerm): tf.Tensor {
  return nativeTensor([rows, a.shape[0]], (out) => {
    nativeBackend().kernels.linearInputGradient(keptView(dy), nativeWeight(b), out, { alpha: scale });
  });
}

/**
 * Gradients of a and b of a term's update.
 * @param x [N, I]   @param dy [N, O], or what was kept of it
 * @param inner what {@link innerProduct} gave   @param dInner what {@link innerGradient} gave
 */
export function updateGradients(
  x: tf.Tensor,
  dy: tf.Tensor,
  inner: tf.Tensor,
  dInner: tf.Tensor,
  term: MaskedTerms,
): [ofA: tf.Tensor, ofB: tf.Tensor] {
  const { kernels } = nativeBackend();
  const { a, scale: alpha } = term.update!;
  const [outFeatures, inFeatures] = term.weight.shape;
  const [rank] = a.shape;
  const [rows] = inner.shape as [number, number];
  const input = masked(x, term);
  const ofA = nativeTensor([rank, inFeatures], (out) => {
    const shape = { m: rank, n: inFeatures, k: rows, transposeA: true };
    kernels.gemm(nativeView(dInner), nativeView(input), out, shape);
  });
  if (input !== x) input.dispose();
  const gradient = openActivation(dy, [rows, outFeatures]);
  const ofB = nativeTensor([outFeatures, rank], (out) => {
    const shape = { m: outFeatures, n: rank, k: rows, transposeA: true, alpha };
    kernels.gemm(nativeView(gradient), nativeView(inner), out, shape);
  });
  if (gradient !== dy) gradient.dispose();
  return [ofA, ofB];
}

/**
 * Writes the gradient of x [N, I] that came through one term, update included.
 * @param dy [N, O], or what was kept of it   @param dInner of the update, or null
 * @param accumulate adds to dx instead
 */
export function addInputGradient(
  dy: tf.Tensor,
  dInner: tf.Tensor | null,
  { weight, update, mask }: MaskedTerms,
  dx: tf.Tensor,
  accumulate: boolean,
): void {
  const { kernels } = nativeBackend();
  kernels.linearInputGradient(keptView(dy), weight, nativeView(dx), {
    ...productOptions,
    accumulate,
    lowRank: update && dInner && !mask ? lowRank(dInner, update.a, update, 1) : null,
  });
  if (!update || !dInner || !mask) return;
  const beforeMask = nativeTensor(dx.shape, (out) => {
    kernels.linearInputGradient(nativeView(dInner), nativeWeight(update.a), out);
  });
  kernels.dropout(nativeView(beforeMask), nativeView(dx), mask[0], mask[1], update.dropout, true);
  beforeMask.dispose();
}
