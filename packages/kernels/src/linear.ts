import { gemm } from "./gemm.js";
import { roundToInt8 } from "./int8-rows.js";
import type { LinearOutput, PrecisionOptions, ProductOptions } from "./native-kernels.js";
import { widenWeights } from "./widen-weights.js";
import type { WeightMatrix } from "./weight-matrix.js";

const FEW_ROWS = 4; // products of so many rows take activations as they are
const OUTLIER_RATIO = 6;

/** What the level of a product, besides its options, decides. */
export interface LevelOptions {
  /** Largest code of 8-bit activations: 64 on levels that add products of bytes in 16 bits, 127 if left out. */
  readonly largestCode?: number | undefined;
}

/** Activations as a product with a weight takes them: `bf16` is a choice of kernels and changes nothing here. */
function activations(
  x: Float32Array,
  depth: number,
  { format }: WeightMatrix,
  { precision, outlierRatio = OUTLIER_RATIO, largestCode = 127 }: PrecisionOptions & LevelOptions,
): Float32Array {
  const rounds = precision === "int8" && format === "int8" && x.length > FEW_ROWS * depth;
  return rounds ? roundToInt8(x, depth, outlierRatio, largestCode) : x;
}

/** y [N, O] = alpha · x [N, I] Wᵀ + bias [O] + scale · left rightᵀ of a low-rank update; W is [O, I]. */
export function linear(
  x: Float32Array,
  weight: WeightMatrix,
  bias: Float32Array | null,
  y: Float32Array,
  options: ProductOptions & LevelOptions = {},
): void {
  const [outputs, inputs] = weight.shape;
  const { alpha, accumulate, lowRank } = options;
  const m = x.length / inputs;
  const rows = activations(x, inputs, weight, options);
  gemm(rows, widenWeights(weight), y, { m, n: outputs, k: inputs, transposeB: true, alpha, accumulate });
  if (bias) for (let i = 0; i < y.length; i++) y[i] += bias[i % outputs];
  if (!lowRank) return;
  const { left, right, rank, scale } = lowRank;
  gemm(left, right, y, { m, n: outputs, k: rank, transposeB: true, alpha: scale, accumulate: true });
}

/** {@link linear} with several weights. */
export function linearMany(
  x: Float32Array,
  outputs: readonly LinearOutput[],
  options: PrecisionOptions & LevelOptions = {},
): void {
  for (const { weight, bias, y, lowRank } of outputs) linear(x, weight, bias, y, { ...options, lowRank });
}

/**
 * dx [N, I] = alpha · dy [N, O] W + scale · left right of a low-rank update. Where dy is rounded, scales of the weight's rows
 * are multiplied on first: they belong to the sum.
 */
export function linearInputGradient(
  dy: Float32Array,
  weight: WeightMatrix,
  dx: Float32Array,
  options: ProductOptions & LevelOptions = {},
): void {
  const [outputs, inputs] = weight.shape;
  const { alpha, accumulate, lowRank } = options;
  const m = dy.length / outputs;
  const shape = { m, n: inputs, k: outputs, alpha, accumulate };
  if (weight.format === "int8") {
    const scaled = dy.map((value, i) => value * weight.scales![i % outputs]);
    const codes = Float32Array.from(weight.codes);
    gemm(activations(scaled, outputs, weight, options), codes, dx, shape);
  } else {
    gemm(dy, widenWeights(weight), dx, shape);
  }
  if (!lowRank) return;
  const { left, right, rank, scale } = lowRank;
  gemm(left, right, dx, { m, n: inputs, k: rank, alpha: scale, accumulate: true });
}
