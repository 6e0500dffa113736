import type { GateTerms, KeptActivation, LowRankUpdate } from "@lathe/kernels";
import type * as tf from "@tensorflow/tfjs-core";
import type { MaskedTerms } from "../../fused-kernels.js";
import type { LowRankTerm } from "../../linear-terms.js";
import type { NativeDevice } from "./native-device.js";

/** left [N, r] and right as the last step of a product takes them. */
export function lowRank(
  { view }: NativeDevice,
  left: tf.Tensor,
  right: tf.Tensor,
  { a }: LowRankTerm,
  scale: number,
): LowRankUpdate {
  return { left: view(left), right: view(right), rank: a.shape[0], scale };
}

/** x [N, I] under the mask of a term, for as long as `use` runs; x itself where nothing is dropped. */
function underMask(
  device: NativeDevice,
  x: KeptActivation,
  { mask, update }: MaskedTerms,
  use: (x: KeptActivation) => void,
): void {
  if (!mask || !update) {
    use(x);
    return;
  }
  const masked = device.tensor([x.length], (out) => {
    device.kernels.dropout(x as Float32Array, out, mask[0], mask[1], update.dropout);
  });
  use(device.view(masked));
  masked.dispose();
}

/**
 * dropout(x) Aᵀ [N, r] of a term, or null where it has no update.
 * @param x [N, I], in float32 where the term has a mask
 */
export function innerProduct(
  device: NativeDevice,
  x: KeptActivation,
  rows: number,
  term: MaskedTerms,
): tf.Tensor | null {
  const { update } = term;
  if (!update) return null;
  return device.tensor([rows, update.a.shape[0]], (y) => {
    underMask(device, x, term, (input) => {
      device.kernels.linear(input, device.weight(update.a), null, y);
    });
  });
}

/** A term as forward products take it. @param inner what {@link innerProduct} gave */
export function forwardTerms(
  device: NativeDevice,
  { weight, bias, update }: MaskedTerms,
  inner: tf.Tensor | null,
): GateTerms {
  return {
    weight,
    bias: bias && device.view(bias),
    lowRank: update && lowRank(device, inner!, update.b, update, update.scale),
  };
}

/** scale · dy B [N, r], the gradient of a term's inner product. @param dy [N, O] */
export function innerGradient(
  device: NativeDevice,
  dy: KeptActivation,
  rows: number,
  { a, b, scale }: LowRankTerm,
): tf.Tensor {
  return device.tensor([rows, a.shape[0]], (out) => {
    device.kernels.linearInputGradient(dy, device.weight(b), out, { alpha: scale });
  });
}

/**
 * Gradients of a and b of a term's update.
 * @param x [N, I]   @param dy [N, O]
 * @param inner what {@link innerProduct} gave   @param dInner what {@link innerGradient} gave
 */
export function updateGradients(
  device: NativeDevice,
  x: tf.Tensor,
  dy: KeptActivation,
  inner: tf.Tensor,
  dInner: tf.Tensor,
  term: MaskedTerms,
): [ofA: tf.Tensor, ofB: tf.Tensor] {
  const { kernels, view } = device;
  const { a, scale: alpha } = term.update!;
  const [outFeatures, inFeatures] = term.weight.shape;
  const [rank] = a.shape;
  const [rows] = inner.shape as [number, number];
  const ofA = device.tensor([rank, inFeatures], (out) => {
    underMask(device, view(x), term, (input) => {
      const shape = { m: rank, n: inFeatures, k: rows, transposeA: true };
      kernels.gemm(view(dInner), input as Float32Array, out, shape);
    });
  });
  const wide = dy instanceof Float32Array ? null : widened(device, dy);
  const ofB = device.tensor([outFeatures, rank], (out) => {
    const shape = { m: outFeatures, n: rank, k: rows, transposeA: true, alpha };
    kernels.gemm(wide ? view(wide) : (dy as Float32Array), view(inner), out, shape);
  });
  wide?.dispose();
  return [ofA, ofB];
}

/** Numbers in bfloat16, in float32. */
export function widened(device: NativeDevice, halves: Uint16Array): tf.Tensor {
  return device.tensor([halves.length], (values) => {
    device.kernels.fromBf16(halves, values);
  });
}

/**
 * Writes the gradient of x [N, I] that came through one term, update included.
 * @param dy [N, O]   @param dInner of the update, or null   @param accumulate adds to dx instead
 */
export function addInputGradient(
  device: NativeDevice,
  dy: KeptActivation,
  dInner: tf.Tensor | null,
  { weight, update, mask }: MaskedTerms,
  dx: tf.Tensor,
  accumulate: boolean,
): void {
  const { kernels, view } = device;
  kernels.linearInputGradient(dy, weight, view(dx), {
    accumulate,
    lowRank: update && dInner && !mask ? lowRank(device, dInner, update.a, update, 1) : null,
    ...device.products,
  });
  if (!update || !dInner || !mask) return;
  const beforeMask = device.tensor(dx.shape, (out) => {
    kernels.linearInputGradient(view(dInner), device.weight(update.a), out);
  });
  kernels.dropout(view(beforeMask), view(dx), mask[0], mask[1], update.dropout, true);
  beforeMask.dispose();
}
