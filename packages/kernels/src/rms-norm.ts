function reciprocalRms(x: Float32Array, row: number, width: number, epsilon: number): number {
  let sum = 0;
  for (let c = 0; c < width; c++) sum += x[row * width + c] ** 2;
  return 1 / Math.sqrt(sum / width + epsilon);
}

/** y [N, h] = x / √(mean(x²) + ε) · weight [h], row by row (Zhang & Sennrich, arXiv:1910.07467). y may be x. */
export function rmsNormForward(
  x: Float32Array,
  weight: Float32Array,
  y: Float32Array,
  epsilon: number,
): void {
  const width = weight.length;
  for (let row = 0; row * width < x.length; row++) {
    const r = reciprocalRms(x, row, width, epsilon);
    for (let c = 0; c < width; c++) y[row * width + c] = x[row * width + c] * r * weight[c];
  }
}

/**
 * Gradients of {@link rmsNormForward}. With n = x r and g = dy w: dx = r (g − n · mean(g n)), dWeight = Σ rows dy n.
 *
 * @param dx [N, h], may be dy, or null   @param dWeight [h] or null
 */
export function rmsNormBackward(
  x: Float32Array,
  weight: Float32Array,
  dy: Float32Array,
  dx: Float32Array | null,
  dWeight: Float32Array | null,
  epsilon: number,
): void {
  const width = weight.length;
  const weightSums = new Float64Array(width);
  for (let row = 0; row * width < x.length; row++) {
    const base = row * width;
    const r = reciprocalRms(x, row, width, epsilon);
    let mean = 0;
    for (let c = 0; c < width; c++) {
      weightSums[c] += dy[base + c] * x[base + c] * r;
      mean += (dy[base + c] * weight[c] * x[base + c] * r) / width;
    }
    if (!dx) continue;
    for (let c = 0; c < width; c++) dx[base + c] = r * (dy[base + c] * weight[c] - x[base + c] * r * mean);
  }
  dWeight?.set(weightSums);
}
