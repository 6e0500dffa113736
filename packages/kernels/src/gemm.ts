import type { GemmShape } from "./native-kernels.js";

/** c [m, n] = alpha · op(a) op(b), summed in double: the plain form of every product. */
export function gemm(a: Float32Array, b: Float32Array, c: Float32Array, shape: GemmShape): void {
  const { m, n, k, transposeA = false, transposeB = false, alpha = 1, accumulate = false } = shape;
  const [aRow, aStep] = transposeA ? [1, m] : [k, 1];
  const [bStep, bColumn] = transposeB ? [1, k] : [n, 1];
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) sum += a[i * aRow + p * aStep] * b[p * bStep + j * bColumn];
      c[i * n + j] = alpha * sum + (accumulate ? c[i * n + j] : 0);
    }
  }
}
