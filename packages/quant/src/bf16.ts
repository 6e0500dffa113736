import { bfloat16ToFloat32, float32ToBfloat16 } from "@lathe/model";
import type { PackedFormat } from "./packed-format.js";

/**
 * bf16: the upper half of a float32 (1 sign bit, 8 of exponent, 7 of fraction), rounded to nearest, ties to even. Most
 * models are published in it, and are then taken bit for bit.
 *
 * - Layout: bit patterns [O, I] row-major, no scales. 16 bits a weight.
 * - Lost: |w − ŵ| ≤ 2⁻⁸ |w| for |w| ≥ 2⁻¹²⁶, and ≤ 2⁻¹³⁴ below.
 * - The range is float32's but for its last half step, which would become infinity and is refused.
 */
export const bf16: PackedFormat = {
  name: "bf16",
  description: "bfloat16, float32 cut to 16 bits",
  dtype: "BF16",
  codeBytes: 2,
  scaling: "none",
  blockColumns: 0,
  nestsScales: false,
  roundsTo: null,
  leavesHead: false,
  headFormat: "bf16",
  isStorable: () => true,
  overflowsAt: (2 - 2 ** -8) * 2 ** 127, // half-way from the largest number to 2^128
  nonFiniteMask: 0x7f80,
  codesInRow: (columns) => columns,
  scalesInRow: () => 0,
  codesIn: (buffer, byteOffset, length) => new Uint16Array(buffer, byteOffset, length),
  findScales: () => undefined,
  encode(weights, _scales, codes: Uint16Array) {
    float32ToBfloat16(weights, codes);
  },
  widen(codes: Uint16Array, _columns, target) {
    bfloat16ToFloat32(codes, target);
  },
};
