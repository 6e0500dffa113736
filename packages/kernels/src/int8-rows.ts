const LEAST_MAGNITUDE = 1e-30; // rows below it become zeros: their scale has no float32 reciprocal
const OUTLIER_SHARE = 8; // at most one column in so many is an outlier

/** To the nearest whole number, ties to even, for |value| < 2⁵¹. */
function roundToEven(value: number): number {
  const shift = 1.5 * 2 ** 52;
  return value + shift - shift;
}

/** Largest magnitude, or NaN if a value is not finite. */
function largestMagnitude(values: Float32Array): number {
  let largest = 0;
  for (const value of values) {
    if (!Number.isFinite(value)) return NaN;
    largest = Math.max(largest, Math.abs(value));
  }
  return largest;
}

/**
 * Rows to 8 bits: codes [N, width] = x / scales [N], to nearest, ties to even; the scale of a row is its largest
 * magnitude / 127, NaN for a row that is not finite.
 */
export function toInt8Rows(x: Float32Array, codes: Int8Array, scales: Float32Array): void {
  const width = x.length / scales.length;
  for (let row = 0; row < scales.length; row++) {
    const values = x.subarray(row * width, (row + 1) * width);
    const largest = largestMagnitude(values);
    scales[row] = largest / 127;
    const factor = largest > LEAST_MAGNITUDE ? Math.fround(127 / largest) : 0;
    codes.set(
      Int8Array.from(values, (value) => roundToEven(Math.fround(value * factor))),
      row * width,
    );
  }
}

/**
 * Which columns of x [N, depth] have an element beyond `ratio` times the root mean square of all. Of more than an eighth of
 * the columns, the ones with the largest elements.
 */
export function outlierColumns(x: Float32Array, depth: number, ratio: number): boolean[] {
  const largest = new Float64Array(depth);
  let squares = 0;
  for (let i = 0; i < x.length; i++) {
    largest[i % depth] = Math.max(largest[i % depth], Math.abs(x[i]));
    squares += x[i] ** 2;
  }
  const most = Math.max(1, Math.floor(depth / OUTLIER_SHARE));
  let threshold = ratio * Math.sqrt(squares / x.length);
  const over = largest.filter((value) => value > threshold);
  if (over.length > most) threshold = over.sort((a, b) => b - a)[most];
  return Array.from(largest, (value) => value > threshold);
}

/** What x [N, depth] becomes in a product with 8-bit activations: rounded, but for columns with outliers. */
export function roundToInt8(x: Float32Array, depth: number, ratio: number): Float32Array {
  const isOutlier = outlierColumns(x, depth, ratio);
  const rest = x.map((value, i) => (isOutlier[i % depth] ? 0 : value));
  const codes = new Int8Array(x.length);
  const scales = new Float32Array(x.length / depth);
  toInt8Rows(rest, codes, scales);
  return x.map((value, i) => (isOutlier[i % depth] ? value : codes[i] * scales[Math.floor(i / depth)]));
}
