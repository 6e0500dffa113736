import type { ZeroMask } from "@lathe/kernels";

/** The update that an adapter makes to one linear, on the host. Axes: I inputs, O outputs, r rank. */
export interface HostMatrices {
  /** [r, I] row-major */
  readonly a: Float32Array;
  /** [O, r] row-major */
  readonly b: Float32Array;
  /** [O], with DoRA; else null */
  readonly magnitude: Float32Array | null;
}

/** Matrices with the factor on their product. */
export interface ScaledMatrices extends HostMatrices {
  readonly rank: number;
  readonly scale: number;
  /** Elements of the weight that the update leaves alone; null for none. */
  readonly zeros: ZeroMask | null;
}

/**
 * Adds updates to a weight in place: W ← W + scale · B A (arXiv:2106.09685, §4.1), or with DoRA
 * W ← m / ‖W₀ + scale · B A‖ · (W + scale · B A) by rows, where W₀ is the weight before all updates
 * (arXiv:2402.09353, eq. 5). Several updates apply in order.
 *
 * On the host with double sums: a merged weight has the same bits whatever engine is in use, and is rounded once.
 *
 * @param weight [O, I] row-major
 */
export function mergeIntoWeight(
  weight: Float32Array,
  [outFeatures, inFeatures]: readonly [outFeatures: number, inFeatures: number],
  updates: readonly ScaledMatrices[],
): void {
  const merged = new Float64Array(inFeatures);
  const delta = new Float64Array(inFeatures);
  for (let o = 0; o < outFeatures; o++) {
    const row = weight.subarray(o * inFeatures, (o + 1) * inFeatures);
    merged.set(row);
    for (const { a, b, magnitude, rank, scale, zeros } of updates) {
      delta.fill(0);
      for (let k = 0; k < rank; k++) {
        const factor = scale * b[o * rank + k];
        if (factor === 0) continue;
        const start = k * inFeatures;
        for (let i = 0; i < inFeatures; i++) delta[i] += factor * a[start + i];
      }
      for (let i = 0; zeros && i < inFeatures; i++) if (zeros.has(o * inFeatures + i)) delta[i] = 0;
      if (magnitude === null) {
        for (let i = 0; i < inFeatures; i++) merged[i] += delta[i];
        continue;
      }
      let squared = 0;
      for (let i = 0; i < inFeatures; i++) squared += (row[i] + delta[i]) ** 2;
      const factor = magnitude[o] / Math.sqrt(squared);
      for (let i = 0; i < inFeatures; i++) merged[i] = factor * (merged[i] + delta[i]);
    }
    row.set(merged);
  }
}

/** ‖W‖² of each row. @param weight [O, I] row-major @returns [O] */
export function squaredRowNorms(weight: Float32Array, outFeatures: number): Float32Array {
  const inFeatures = weight.length / outFeatures;
  return Float32Array.from({ length: outFeatures }, (_, o) => {
    let sum = 0;
    for (let i = o * inFeatures; i < (o + 1) * inFeatures; i++) sum += weight[i] ** 2;
    return sum;
  });
}
