import { transpose } from "./transpose.js";
import type { SimdModule } from "./wasm-module.js";

/** Values from which on copying in and out costs as much as the module saves: 8 MiB leave the caches. */
const LARGEST = 2 ** 21;

/**
 * `transpose` in WebAssembly SIMD: out[j, i] = x[i, j]. Matrices too large for the caches are left to `transpose`.
 *
 * @param x [rows, columns]   @param out [columns, rows], overwritten
 */
export function simdTranspose(
  simd: SimdModule,
  x: Float32Array,
  out: Float32Array,
  rows: number,
  columns: number,
): void {
  if (rows * columns > LARGEST) {
    transpose(x, out, rows, columns);
    return;
  }
  const bytes = 4 * rows * columns;
  simd.begin([bytes, bytes]);
  const from = simd.copyIn(x.subarray(0, rows * columns));
  const to = simd.place(bytes);
  simd.exports.transpose(from, to, rows, columns);
  simd.copyOut(to, out.subarray(0, rows * columns));
}
