const TILE = 32; // rows and columns: two tiles of float32 are 8 KiB and stay in the first-level cache

/** out[j, i] = x[i, j]. @param x [rows, columns]   @param out [columns, rows], overwritten */
export function transpose(x: Float32Array, out: Float32Array, rows: number, columns: number): void {
  for (let i0 = 0; i0 < rows; i0 += TILE) {
    const i1 = Math.min(i0 + TILE, rows);
    for (let j0 = 0; j0 < columns; j0 += TILE) {
      const j1 = Math.min(j0 + TILE, columns);
      for (let i = i0; i < i1; i++) {
        const base = i * columns;
        for (let j = j0; j < j1; j++) out[j * rows + i] = x[base + j];
      }
    }
  }
}
