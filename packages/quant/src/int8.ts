import { int8Codes, int8Scale } from "@lathe/kernels";
import type { PackedFormat } from "./packed-format.js";

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
  blockColumns: 0,
  nestsScales: false,
  roundsTo: null,
  leavesHead: true,
  headFormat: "int8",
  isStorable: () => true,
  overflowsAt: Infinity,
  nonFiniteMask: null,
  codesInRow: (columns) => columns,
  scalesInRow: () => 1,
  codesIn: (buffer, byteOffset, length) => new Int8Array(buffer, byteOffset, length),
  findScales(row, scales) {
    scales[0] = int8Scale(row);
  },
  encode(row, scales, codes: Int8Array) {
    int8Codes(row, scales![0], codes);
  },
  widen(codes: Int8Array, _columns, target) {
    target.set(codes);
  },
};
