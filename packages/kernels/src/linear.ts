import { gemm } from "./gemm.js";
import { outlierColumns, roundToInt8, roundWeightsToInt8 } from "./int8-rows.js";
import type { LinearOutput, PrecisionOptions, ProductOptions } from "./native-kernels.js";
import { roundToSixteenBits } from "./sixteen-bit-rows.js";
import { transpose } from "./transpose.js";
import { widenWeights } from "./widen-weights.js";
import type { WeightMatrix } from "./weight-matrix.js";

const FEW_ROWS = 8; // products of so many rows are bound by reading the weights, and take activations with all or most of their digits
const OUTLIER_RATIO = 6;

/** What the level of a product, besides its options, decides. */
export interface LevelOptions {
  /** Largest code of 8-bit activations: 64 on levels that add products of bytes in 16 bits, 127 if left out. */
  readonly largestCode?: number | undefined;
  /** Whether few rows are multiplied in 16 bits where more would be in 8. @defaultValue false: in float32 */
  readonly hasSixteenBits?: boolean | undefined;
}

/**
 * Operands as a product takes them: `bf16` is a choice of kernels and changes nothing here. With `int8` both are rounded, the
 * weights unless they are codes, but for the depth where activations are outliers.
 * @param activations [N, depth]   @param weights [outputs of the product, depth]
 */
function operands(
  activations: Float32Array,
  weights: Float32Array,
  depth: number,
  areCodes: boolean,
  isDithered: boolean,
  { precision, outlierRatio = OUTLIER_RATIO, largestCode = 127 }: PrecisionOptions & LevelOptions,
): [activations: Float32Array, weights: Float32Array] {
  if (precision !== "int8" || activations.length <= FEW_ROWS * depth) return [activations, weights];
  const isOutlier = outlierColumns(activations, depth, outlierRatio);
  return [
    roundToInt8(activations, isOutlier, largestCode, isDithered),
    areCodes ? weights : roundWeightsToInt8(weights, isOutlier),
  ];
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
  const isInt8 = weight.format === "int8";
  const inSixteenBits =
    options.hasSixteenBits === true && options.precision === "int8" && isInt8 && m <= FEW_ROWS;
  const taken = inSixteenBits ? roundToSixteenBits(x, inputs) : x;
  const [rows, weights] = operands(taken, widenWeights(weight), inputs, isInt8, false, options);
  gemm(rows, weights, y, { m, n: outputs, k: inputs, transposeB: true, alpha, accumulate });
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
  const isInt8 = weight.format === "int8";
  const scaled = isInt8 ? dy.map((value, i) => value * weight.scales![i % outputs]) : dy;
  const codes = new Float32Array(outputs * inputs);
  transpose(isInt8 ? Float32Array.from(weight.codes) : widenWeights(weight), codes, outputs, inputs);
  const [rows, weights] = operands(scaled, codes, outputs, isInt8, true, options);
  gemm(rows, weights, dx, { m, n: inputs, k: outputs, transposeB: true, alpha, accumulate });
  if (!lowRank) return;
  const { left, right, rank, scale } = lowRank;
  gemm(left, right, dx, { m, n: inputs, k: rank, alpha: scale, accumulate: true });
}
