import type { RowRange } from "@lathe/model";
import { packedFormats } from "./packed-formats.js";
import type { PackedMatrix } from "./packed-matrix.js";

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

function rowsWithin({ shape }: PackedMatrix, rows: RowRange | undefined): RowRange {
  const { start, end } = rows ?? { start: 0, end: shape[0] };
  if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || start > end || end > shape[0]) {
    throw new RangeError(`dequantize: expected rows within [0, ${shape[0]}), got [${start}, ${end})`);
  }
  return { start, end };
}
