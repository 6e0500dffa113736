import { toBf16 } from "./bf16.js";

/** Columns of a row of 8-bit floats that share a scale; in published files so many rows share it too. */
export const FP8_BLOCK = 128;

/** The values of all 8-bit floats of type e4m3 without infinities (arXiv:2209.05433). */
const e4m3Values = Float32Array.from({ length: 256 }, (_, bits) => {
  const sign = bits & 0x80 ? -1 : 1;
  const [exponent, fraction] = [(bits >> 3) & 0xf, bits & 7];
  if (exponent === 0xf && fraction === 7) return NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -9 : (1 + fraction / 8) * 2 ** (exponent - 7));
});

/** 8-bit floats of type e4m3 as float32, exactly. */
export function widenE4m3(codes: Uint8Array, target: Float32Array): void {
  for (let i = 0; i < codes.length; i++) target[i] = e4m3Values[codes[i]];
}

/**
 * Rows [firstRow, firstRow + N) of a matrix [O, I] of 8-bit floats (e4m3) with a scale a block of 128 × 128, as DeepSeek-V3 is
 * published (arXiv:2412.19437, §3.3.2): each number times its block's scale in float32, rounded to bfloat16, ties to even.
 * @param codes [N, I]   @param columns I   @param scales [⌈O / 128⌉, ⌈I / 128⌉]   @param out [N, I] bfloat16
 */
export function fromFp8Blocks(
  codes: Uint8Array,
  columns: number,
  firstRow: number,
  scales: Float32Array,
  out: Uint16Array,
): void {
  const perRow = Math.ceil(columns / FP8_BLOCK);
  const values = new Float32Array(columns);
  for (let start = 0, row = firstRow; start < codes.length; start += columns, row++) {
    const ofRow = Math.floor(row / FP8_BLOCK) * perRow;
    widenE4m3(codes.subarray(start, start + columns), values);
    for (let column = 0; column < columns; column++) {
      values[column] *= scales[ofRow + Math.floor(column / FP8_BLOCK)];
    }
    toBf16(values, out.subarray(start, start + columns));
  }
}
