import type { SimdModule } from "./wasm-module.js";

const PART = 2 ** 16; // values of x at a time: 256 KiB, which stays in the second-level cache between copies

/**
 * `rotate` in WebAssembly SIMD, in float32.
 *
 * @param x [N, H, d]   @param out [N, H, d], may be `x`
 * @param cos [N, d/2]   @param sin [N, d/2]   @param direction 1 turns forward; −1 back
 */
export function simdRotate(
  simd: SimdModule,
  x: Float32Array,
  out: Float32Array,
  cos: Float32Array,
  sin: Float32Array,
  headCount: number,
  headSize: number,
  direction: 1 | -1,
): void {
  const half = headSize / 2;
  const width = headCount * headSize;
  const rows = cos.length / half;
  const step = Math.max(1, Math.floor(PART / width));
  for (let start = 0; start < rows; start += step) {
    const end = Math.min(rows, start + step);
    const count = end - start;
    simd.begin([4 * count * width, 4 * count * half, 4 * count * half]);
    const at = simd.copyIn(x.subarray(start * width, end * width));
    const cosAt = simd.copyIn(cos.subarray(start * half, end * half));
    const sinAt = simd.copyIn(sin.subarray(start * half, end * half));
    simd.exports.rotate(at, cosAt, sinAt, count, headCount, half, direction);
    simd.copyOut(at, out.subarray(start * width, end * width));
  }
}
