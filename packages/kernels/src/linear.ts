import { gemm } from "./gemm.js";
import type { ProductOptions } from "./native-kernels.js";
import { widenWeights } from "./widen-weights.js";
import type { WeightMatrix } from "./weight-matrix.js";

/** y [N, O] = alpha · x [N, I] Wᵀ + bias [O], W being [O, I]. `precision` is for kernels that have a choice. */
export function linear(
  x: Float32Array,
  weight: WeightMatrix,
  bias: Float32Array | null,
  y: Float32Array,
  options: ProductOptions = {},
): void {
  const [outputs, inputs] = weight.shape;
  const rows = x.length / inputs;
  const { alpha, accumulate } = options;
  gemm(x, widenWeights(weight), y, {
    ...{ m: rows, n: outputs, k: inputs, transposeB: true },
    ...{ alpha, accumulate },
  });
  if (bias === null) return;
  for (let i = 0; i < y.length; i++) y[i] += bias[i % outputs];
}

/** dx [N, I] = alpha · dy [N, O] W. */
export function linearInputGradient(
  dy: Float32Array,
  weight: WeightMatrix,
  dx: Float32Array,
  options: ProductOptions = {},
): void {
  const [outputs, inputs] = weight.shape;
  const { alpha, accumulate } = options;
  gemm(dy, widenWeights(weight), dx, { m: dy.length / outputs, n: inputs, k: outputs, alpha, accumulate });
}
