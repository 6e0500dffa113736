const LARGEST_CODE = 127;
const SMALLEST_NORMAL = 2 ** -126; // float32
const SMALLEST = 2 ** -149; // float32

/** Doubles of this size are whole numbers, so adding it rounds to the nearest one, ties to even. */
const TO_INTEGER = 1.5 * 2 ** 52;

/** What a code of int8 stands for in a row of finite weights: its largest magnitude / 127; 1 for a row of zeros. */
export function int8Scale(row: Float32Array): number {
  let largest = 0;
  for (let i = 0; i < row.length; i++) {
    const magnitude = Math.abs(row[i]);
    if (magnitude > largest) largest = magnitude;
  }
  if (largest === 0) return 1;
  const scale = largest / LARGEST_CODE;
  // Float32 spaces its subnormal numbers evenly. A scale among them is rounded up: rounded down it could leave the
  // largest weight out of reach of the largest code.
  if (scale < SMALLEST_NORMAL) return Math.ceil(scale / SMALLEST) * SMALLEST;
  const rounded = Math.fround(scale);
  // Of all float32 numbers the largest alone would be unpacked as infinity.
  return Math.fround(rounded * LARGEST_CODE) < Infinity ? rounded : Math.fround(rounded * (1 - 2 ** -24));
}

/** Codes of a row: weights / scale, to nearest, ties to even. @param codes overwritten */
export function int8Codes(row: Float32Array, scale: number, codes: Int8Array): void {
  for (let i = 0; i < row.length; i++) codes[i] = row[i] / scale + TO_INTEGER - TO_INTEGER;
}
