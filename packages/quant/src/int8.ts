import type { PackedFormat } from "./packed-format.js";

const LARGEST_CODE = 127;
const SMALLEST_NORMAL = 2 ** -126; // float32
const SMALLEST = 2 ** -149; // float32

/** Doubles of this size are whole numbers, so adding it rounds to the nearest one, ties to even. */
const TO_INTEGER = 1.5 * 2 ** 52;

/**
 * int8: weight ≈ scale · code, the row-wise half of the vector-wise quantisation in LLM.int8() (arXiv:2208.07339, §3.1).
 *
 * - Layout: codes [O, I] row-major, signed bytes within [−127, 127], and one float32 scale an output row:
 *   scale[o] = max |w[o, :]| / 127. −128 is left out so that the range is symmetric.
 * - 8 bits a weight and 32 a row: 8.04 for rows of 896.
 * - Lost: |w − ŵ| ≤ scale / 2, plus the rounding of scale · code to float32. An outlier coarsens its own row and no
 *   other. A row of zeros has scale 1, so that dividing by a scale is always safe.
 * - Packing what was unpacked gives the same codes and scales (but for rows below 1.5e-36, where float32 has no exact
 *   scales).
 */
export const int8: PackedFormat = {
  name: "int8",
  description: "8-bit integers, one float32 scale an output row",
  dtype: "I8",
  codeBytes: 1,
  scaling: "row",
  leavesHead: true,
  isStorable: () => true,
  overflowsAt: Infinity,
  nonFiniteMask: null,
  codesInRow: (columns) => columns,
  scalesInRow: () => 1,
  codesIn: (buffer, byteOffset, length) => new Int8Array(buffer, byteOffset, length),
  findScales(row, scales) {
    scales[0] = rowScale(row);
  },
  encode(row, scales, codes: Int8Array) {
    const scale = scales![0];
    for (let i = 0; i < row.length; i++) codes[i] = row[i] / scale + TO_INTEGER - TO_INTEGER;
  },
  widen(codes: Int8Array, _columns, target) {
    target.set(codes);
  },
};

function rowScale(row: Float32Array): number {
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
