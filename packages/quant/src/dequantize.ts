import type { RowRange } from "@lathe/model";
import { packedFormats } from "./packed-formats.js";
import type { PackedMatrix } from "./packed-matrix.js";

/**
 * Rows that are widened together before they are written out as columns: 16 float32 fill a cache line of the target,
 * and 16 rows of a few thousand inputs stay in the second-level cache.
 */
const PANEL_ROWS = 16;

/**
 * Unpacks a matrix or some of its rows.
 * @returns [rows, I] float32, row-major
 * @throws RangeError on rows outside the matrix
 */
export function dequantize(packed: PackedMatrix, rows?: RowRange): Float32Array {
  const columns = packed.shape[1];
  const { start, end } = rowsWithin(packed, rows);
  const weights = widenRows(packed, { start, end });
  if (packed.scales === null) return weights;
  for (let row = start; row < end; row++) {
    const scale = packed.scales[row];
    const first = (row - start) * columns;
    for (let i = first; i < first + columns; i++) weights[i] *= scale;
  }
  return weights;
}

/** Codes of some rows as float32, without their scales. @returns [rows, I] */
export function widenRows({ format, shape, codes }: PackedMatrix, { start, end }: RowRange): Float32Array {
  const columns = shape[1];
  const target = new Float32Array((end - start) * columns);
  packedFormats[format].widen(codes.subarray(start * columns, end * columns), target);
  return target;
}

/**
 * Codes of some rows as float32, transposed, without their scales: one pass over the codes, panel by panel.
 * @returns [I, rows]
 */
export function widenRowsTransposed(
  { format, shape, codes }: PackedMatrix,
  { start, end }: RowRange,
): Float32Array {
  const columns = shape[1];
  const rows = end - start;
  const spec = packedFormats[format];
  const target = new Float32Array(columns * rows);
  const panel = new Float32Array(Math.min(PANEL_ROWS, rows) * columns);
  for (let first = 0; first < rows; first += PANEL_ROWS) {
    const count = Math.min(PANEL_ROWS, rows - first);
    const from = (start + first) * columns;
    spec.widen(codes.subarray(from, from + count * columns), panel.subarray(0, count * columns));
    for (let column = 0; column < columns; column++) {
      const place = column * rows + first;
      for (let row = 0; row < count; row++) target[place + row] = panel[row * columns + column];
    }
  }
  return target;
}

function rowsWithin({ shape }: PackedMatrix, rows: RowRange | undefined): RowRange {
  const { start, end } = rows ?? { start: 0, end: shape[0] };
  if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || start > end || end > shape[0]) {
    throw new RangeError(`dequantize: expected rows within [0, ${shape[0]}), got [${start}, ${end})`);
  }
  return { start, end };
}
