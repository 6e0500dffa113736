const LEAST_MAGNITUDE = 1e-30; // rows below it become zeros: their scale has no float32 reciprocal
const OUTLIER_SHARE = 8; // at most one column in so many is an outlier
const OUTLIER_ROWS = 16; // one row in so many makes a column one of outliers
const MASSIVE_RATIO = 4; // times the ratio times the mean magnitude of a row

const GOLDEN_RATIO = 0x9e3779b9; // of 2³²
const DITHER_OF_ROWS = 0x85ebca6b;
const DITHER_STEP = Math.fround(Math.fround(0.999) / 2 ** 32);

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
 * A row's codes, to nearest, ties to even, and what a code stands for.
 * @param dither what is added to each code before it is rounded
 */
function roundRow(
  values: Float32Array,
  largestCode: number,
  dither?: (index: number) => number,
): { codes: Int8Array; scale: number } {
  const largest = largestMagnitude(values);
  const factor = largest > LEAST_MAGNITUDE ? Math.fround(largestCode / largest) : 0;
  const codes = Int8Array.from(values, (value, index) =>
    roundToEven(Math.fround(Math.fround(value * factor) + (dither?.(index) ?? 0))),
  );
  return { codes, scale: largest / largestCode };
}

/**
 * What is added before rounding, so that a number a quarter above a whole one goes up one time in four: in (−½, ½), spread
 * evenly over a row by the golden ratio (a Weyl sequence).
 */
const ditherOf =
  (row: number) =>
  (column: number): number =>
    Math.fround(
      Math.fround((Math.imul(row, DITHER_OF_ROWS) + Math.imul(column, GOLDEN_RATIO)) | 0) * DITHER_STEP,
    );

/**
 * Rows to 8 bits: codes [N, width] = x / scales [N], to nearest, ties to even; the scale of a row is its largest
 * magnitude / 127, NaN for a row that is not finite.
 */
export function toInt8Rows(x: Float32Array, codes: Int8Array, scales: Float32Array): void {
  const width = x.length / scales.length;
  for (let row = 0; row < scales.length; row++) {
    const rounded = roundRow(x.subarray(row * width, (row + 1) * width), 127);
    codes.set(rounded.codes, row * width);
    scales[row] = rounded.scale;
  }
}

/**
 * Which columns of x [N, depth] hold outliers: elements beyond `ratio` times the root mean square of their row in one row of 16,
 * or a single one beyond 4 · `ratio` times the mean magnitude of its row. Of more than an eighth of the columns, the ones
 * with the most.
 */
export function outlierColumns(x: Float32Array, depth: number, ratio: number): boolean[] {
  const rows = x.length / depth;
  const counts = new Float64Array(depth);
  for (let row = 0; row < rows; row++) {
    const magnitudes = Float64Array.from(x.subarray(row * depth, (row + 1) * depth), Math.abs);
    const rms = Math.sqrt(magnitudes.reduce((sum, value) => sum + value ** 2, 0) / depth);
    const mean = magnitudes.reduce((sum, value) => sum + value, 0) / depth;
    for (const [column, value] of magnitudes.entries()) {
      if (value > MASSIVE_RATIO * ratio * mean) counts[column] = Infinity;
      else if (value > ratio * rms) counts[column]++;
    }
  }
  const most = Math.max(1, Math.floor(depth / OUTLIER_SHARE));
  const least = Math.ceil(rows / OUTLIER_ROWS);
  const over = counts.filter((count) => count >= least);
  if (over.length <= most) return Array.from(counts, (count) => count >= least);
  const first = over.sort((a, b) => b - a)[most];
  return Array.from(counts, (count) => count > first);
}

/**
 * What x [N, depth] becomes in a product with 8-bit activations: rounded to codes up to `largestCode`, but for columns with
 * outliers.
 */
export function roundToInt8(
  x: Float32Array,
  isOutlier: readonly boolean[],
  largestCode: number,
  isDithered: boolean,
): Float32Array {
  const depth = isOutlier.length;
  const result = x.slice();
  for (let row = 0; row * depth < x.length; row++) {
    const start = row * depth;
    const rest = x.subarray(start, start + depth).map((value, i) => (isOutlier[i] ? 0 : value));
    const { codes, scale } = roundRow(rest, largestCode, isDithered ? ditherOf(row) : undefined);
    for (let i = 0; i < depth; i++) if (!isOutlier[i]) result[start + i] = codes[i] * scale;
  }
  return result;
}

/**
 * What weights [outputs, depth] become in such a product: rounded with a scale for each output, but for the depth where
 * activations are outliers.
 */
export function roundWeightsToInt8(weights: Float32Array, isOutlier: readonly boolean[]): Float32Array {
  const depth = isOutlier.length;
  const result = weights.slice();
  for (let start = 0; start < weights.length; start += depth) {
    const { codes, scale } = roundRow(weights.subarray(start, start + depth), 127);
    for (let i = 0; i < depth; i++) if (!isOutlier[i]) result[start + i] = codes[i] * scale;
  }
  return result;
}
