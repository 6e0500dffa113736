import { transposeFour } from "./pack";

const TILE = 32; // rows and columns: two tiles of float32 are 8 KiB and stay in the first-level cache

/** out[j, i] = x[i, j] for x [rows, columns]. */
export function transpose(x: usize, out: usize, rows: i32, columns: i32): void {
  const stride = usize(columns) << 2;
  const outStride = usize(rows) << 2;
  for (let i0 = 0; i0 < rows; i0 += TILE) {
    const i1 = min(i0 + TILE, rows);
    for (let j0 = 0; j0 < columns; j0 += TILE) {
      const j1 = min(j0 + TILE, columns);
      let i = i0;
      for (; i + 4 <= i1; i += 4) {
        const from = x + usize(i) * stride;
        const to = out + (usize(i) << 2);
        let j = j0;
        for (; j + 4 <= j1; j += 4) {
          transposeFour(from + (usize(j) << 2), stride, to + usize(j) * outStride, outStride);
        }
        for (; j < j1; j++) copyColumn(from + (usize(j) << 2), stride, to + usize(j) * outStride, 4);
      }
      if (i < i1) {
        for (let j = j0; j < j1; j++) {
          const from = x + usize(i) * stride + (usize(j) << 2);
          copyColumn(from, stride, out + usize(j) * outStride + (usize(i) << 2), i1 - i);
        }
      }
    }
  }
}

function copyColumn(from: usize, stride: usize, to: usize, count: i32): void {
  for (let i = 0; i < count; i++, from += stride, to += 4) store<f32>(to, load<f32>(from));
}
