import { float16ToFloat32, float32ToFloat16 } from "@lathe/model";
import type { PackedFormat } from "./packed-format.js";

/**
 * fp16: IEEE 754 binary16 (1 sign bit, 5 of exponent, 10 of fraction), rounded to nearest, ties to even.
 *
 * - Layout: bit patterns [O, I] row-major, no scales. 16 bits a weight.
 * - Lost: |w − ŵ| ≤ 2⁻¹¹ |w| for |w| ≥ 2⁻¹⁴, and ≤ 2⁻²⁵ below, where the numbers are evenly spaced.
 * - Magnitudes from 65520 on would become infinity and are refused: saturating them would change a model without a word.
 */
export const fp16: PackedFormat = {
  name: "fp16",
  description: "half precision, IEEE 754 binary16",
  dtype: "F16",
  codeBytes: 2,
  scaling: "none",
  blockColumns: 0,
  nestsScales: false,
  roundsTo: null,
  leavesHead: false,
  headFormat: "fp16",
  isStorable: () => true,
  overflowsAt: 65520, // half-way from the largest number, 65504, to the step above it
  nonFiniteMask: 0x7c00,
  codesInRow: (columns) => columns,
  scalesInRow: () => 0,
  codesIn: (buffer, byteOffset, length) => new Uint16Array(buffer, byteOffset, length),
  findScales: () => undefined,
  encode(weights, _scales, codes: Uint16Array) {
    float32ToFloat16(weights, codes);
  },
  widen(codes: Uint16Array, _columns, target) {
    float16ToFloat32(codes, target);
  },
};
