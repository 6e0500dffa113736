/** Numbers that share a scale: `block_size` of `MatMulNBits`. */
export const PACKED_BLOCK = 32;

/** The code that stands for zero. */
const MIDDLE = 8;

/** Rows in 4 bits as `MatMulNBits` of ONNX Runtime reads them: scale · (code − 8). */
export interface PackedRows {
  /** [rows, blocks, 16]: two codes a byte, the earlier one in the lower half. */
  readonly codes: Uint8Array;
  /** [rows, blocks] */
  readonly scales: Float32Array;
}

/**
 * Packs rows in 4 bits, blocks of 32 to the nearest code of a scale that takes the number that is furthest from zero to an end. The
 * last block of a row may be short; what it lacks is zero.
 *
 * @param values [rows, columns] row-major
 */
export function packFourBits(values: Float32Array, columns: number): PackedRows {
  const rows = values.length / columns;
  const blocks = Math.ceil(columns / PACKED_BLOCK);
  // Two codes for zero.
  const codes = new Uint8Array((rows * blocks * PACKED_BLOCK) / 2).fill(MIDDLE | (MIDDLE << 4));
  const scales = new Float32Array(rows * blocks);
  for (let row = 0; row < rows; row++) {
    for (let block = 0; block < blocks; block++) {
      const start = row * columns + block * PACKED_BLOCK;
      const end = Math.min(start + PACKED_BLOCK, (row + 1) * columns);
      const scale = Math.fround(furthest(values, start, end) / -MIDDLE);
      const place = row * blocks + block;
      scales[place] = scale;
      if (scale === 0) continue;
      for (let i = start; i < end; i++) {
        const code = Math.min(Math.round(values[i] / scale) + MIDDLE, 2 * MIDDLE - 1);
        const at = (place * PACKED_BLOCK + i - start) >> 1;
        codes[at] = ((i - start) & 1) === 0 ? (codes[at] & 0xf0) | code : (codes[at] & 0x0f) | (code << 4);
      }
    }
  }
  return { codes, scales };
}

/** The number that is furthest from zero. */
function furthest(values: Float32Array, start: number, end: number): number {
  let found = 0;
  for (let i = start; i < end; i++) if (Math.abs(values[i]) > Math.abs(found)) found = values[i];
  return found;
}
