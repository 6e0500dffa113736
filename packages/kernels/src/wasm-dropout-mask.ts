import type { SimdModule } from "./wasm-module.js";

const BLOCK = 16; // elements of four counters
const PART = 2 ** 16; // elements at a time: 256 KiB, which stays in the second-level cache until it is copied

/**
 * `dropoutMask` in WebAssembly SIMD: the same bits.
 *
 * @param out any length, overwritten   @param rate in [0, 1)
 */
export function simdDropoutMask(
  simd: SimdModule,
  out: Float32Array,
  key: readonly [number, number],
  rate: number,
): void {
  const dropBelow = Math.round(rate * 65536);
  const kept = 1 / (1 - rate);
  for (let start = 0; start < out.length; start += PART) {
    const part = out.subarray(start, start + PART);
    const blocks = Math.ceil(part.length / BLOCK);
    simd.begin([4 * BLOCK * blocks]);
    const at = simd.place(4 * BLOCK * blocks);
    simd.exports.dropoutMask(at, blocks, start / 4, key[0], key[1], dropBelow, kept);
    simd.copyOut(at, part);
  }
}
