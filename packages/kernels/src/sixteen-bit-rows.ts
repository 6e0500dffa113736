const FAR_OUT = 32; // times the root mean square of a row: multiplied as it is
const LARGEST_CODE = 32_767;
const LEAST_MAGNITUDE = 1e-30; // rows below it become zeros

/**
 * Rows [N, depth] as a product of few rows with int8 weights takes them: whole multiples of a power of two, of which the largest of a
 * row has 15 bits, but for elements that lie far out, which stay as they are and leave the others their digits.
 */
export function roundToSixteenBits(x: Float32Array, depth: number): Float32Array {
  const rounded = new Float32Array(x.length);
  for (let start = 0; start < x.length; start += depth) {
    const row = x.subarray(start, start + depth);
    const bound = FAR_OUT * Math.sqrt(row.reduce((sum, value) => sum + value * value, 0) / depth);
    const largest = row.reduce(
      (most, value) => (Math.abs(value) > bound ? most : Math.max(most, Math.abs(value))),
      0,
    );
    const isFinite = row.every(Number.isFinite);
    const unit = largest > LEAST_MAGNITUDE ? 2 ** (Math.floor(Math.log2(largest)) - 14) : Infinity;
    row.forEach((value, i) => {
      const isFar = Math.abs(value) > bound;
      rounded[start + i] = !isFinite ? NaN : isFar ? value : roundToUnit(value, unit);
    });
  }
  return rounded;
}

/** To the nearest multiple of a unit, ties to even; 0 of an infinite one. */
function roundToUnit(value: number, unit: number): number {
  if (unit === Infinity) return 0;
  const shift = 1.5 * 2 ** 52;
  return Math.min(value / unit + shift - shift, LARGEST_CODE) * unit;
}
