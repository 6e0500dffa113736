import type { RowRange } from "@lathe/model";
import { widenNestedScales } from "./nest-scales.js";
import { matrixFormats } from "./matrix-formats.js";
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
  const scales = rowScalesOf(packed);
  if (scales === null) return weights;
  for (let row = start; row < end; row++) {
    const scale = scales[row];
    const first = (row - start) * columns;
    for (let i = first; i < first + columns; i++) weights[i] *= scale;
  }
  return weights;
}

/** Some rows as float32, times scales of blocks but without scales of rows. @returns [rows, I] */
export function widenRows(packed: PackedMatrix, { start, end }: RowRange): Float32Array {
  const { format, shape, codes } = packed;
  const columns = shape[1];
  const { codesInRow, widen, scaling, roundsTo } = matrixFormats[format];
  const rowCodes = codesInRow(columns);
  const target = new Float32Array((end - start) * columns);
  widen(codes.subarray(start * rowCodes, end * rowCodes), columns, target);
  if (scaling === "block") applyBlockScales(packed, { start, end }, target);
  if (roundsTo) {
    const halves = new Uint16Array(target.length);
    packedFormats[roundsTo].encode(target, null, halves);
    packedFormats[roundsTo].widen(halves, columns, target);
  }
  return target;
}

/** Scales of output rows [O], to be applied to rows of {@link widenRows} or to sums; null where there are none. */
export function rowScalesOf({ format, scales }: PackedMatrix): Float32Array | null {
  return matrixFormats[format].scaling === "row" ? scales : null;
}

/** Scales of the blocks of some rows [rows, blocks of a row], whether they are quantised themselves or not. */
function blockScales(
  { format, shape, scales, nested }: PackedMatrix,
  { start, end }: RowRange,
): Float32Array {
  const rowBlocks = matrixFormats[format].scalesInRow(shape[1]);
  return nested
    ? widenNestedScales(nested, start * rowBlocks, end * rowBlocks)
    : scales!.subarray(start * rowBlocks, end * rowBlocks);
}

function applyBlockScales(packed: PackedMatrix, rows: RowRange, weights: Float32Array): void {
  const columns = packed.shape[1];
  const { blockColumns } = matrixFormats[packed.format];
  const scales = blockScales(packed, rows);
  let block = 0;
  for (let first = 0; first < weights.length; first += columns) {
    for (let start = 0; start < columns; start += blockColumns) {
      const scale = scales[block++];
      const end = first + Math.min(columns, start + blockColumns);
      for (let i = first + start; i < end; i++) weights[i] *= scale;
    }
  }
}

function rowsWithin({ shape }: PackedMatrix, rows: RowRange | undefined): RowRange {
  const { start, end } = rows ?? { start: 0, end: shape[0] };
  if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || start > end || end > shape[0]) {
    throw new RangeError(`dequantize: expected rows within [0, ${shape[0]}), got [${start}, ${end})`);
  }
  return { start, end };
}
