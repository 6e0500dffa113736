import { FP8_BLOCK, widenE4m3 } from "@lathe/kernels";
import type { MatrixFormat } from "./matrix-format.js";

/**
 * fp8: 8-bit floats (e4m3, arXiv:2209.05433) with a scale a block, as DeepSeek-V3 and R1 are published (arXiv:2412.19437, §3.3.2).
 * Nothing is packed in it here; weights that are stored so are held and multiplied as they lie.
 *
 * - Layout: codes [O, I] row-major, and a float32 scale for 128 weights of a row; in files 128 rows share it.
 * - A weight is its code times its scale in float32, rounded to bfloat16, to nearest, ties to even, as Transformers reads it.
 * - 8 bits a weight and 32 a block: 8.25 in all.
 */
export const fp8: MatrixFormat = {
  name: "fp8",
  codeBytes: 1,
  scaling: "block",
  blockColumns: FP8_BLOCK,
  nestsScales: false,
  roundsTo: "bf16",
  codesInRow: (columns) => columns,
  scalesInRow: (columns) => Math.ceil(columns / FP8_BLOCK),
  codesIn: (buffer, byteOffset, length) => new Uint8Array(buffer, byteOffset, length),
  widen(codes: Uint8Array, _columns, target) {
    widenE4m3(codes, target);
  },
};
