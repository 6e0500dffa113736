import { NF4_SCALE_GROUP } from "@lathe/kernels";
import type { RowRange } from "@lathe/model";
import { widenNestedScales } from "./nest-scales.js";
import { widenRows } from "./dequantize.js";
import type { Codes } from "./matrix-format.js";
import type { PackedFormatName } from "./format-names.js";
import { matrixFormats } from "./matrix-formats.js";
import { packedFormats } from "./packed-formats.js";
import { emptyPackedMatrix, type PackedMatrix } from "./packed-matrix.js";

/**
 * Copies a stretch of a matrix: the same numbers. Nested scales, whose groups run on from row to row, are nested no more where the
 * stretch does not take whole groups of whole rows.
 * @param allocate gives zeroed memory for the codes; of the JavaScript heap if left out
 * 8-bit floats that are cut within a block become the half floats that they stand for.
 * @throws RangeError where columns begin or end within a block that shares a scale, and no other format has the same numbers
 */
export function cutMatrix(
  matrix: PackedMatrix,
  outputs: RowRange,
  inputs: RowRange,
  allocate?: (bytes: number) => ArrayBuffer,
): PackedMatrix {
  const { format, shape, codes } = matrix;
  const columns = shape[1];
  const { codesInRow, scalesInRow, scaling, blockColumns, roundsTo } = matrixFormats[format];
  const isOnBlocks = [inputs.start, inputs.end].every((at) => at === columns || at % blockColumns === 0);
  if (scaling === "block" && !isOnBlocks) {
    if (roundsTo) return cutAs(roundsTo, matrix, outputs, inputs, allocate);
    throw new RangeError(
      `expected columns at multiples of ${blockColumns}, as ${format} has blocks of as many, got ${inputs.start} to ${inputs.end}`,
    );
  }
  const cut = emptyPackedMatrix(format, [outputs.end - outputs.start, inputs.end - inputs.start], allocate);
  const places = { start: codesInRow(inputs.start), end: codesInRow(inputs.end) };
  copyStretch(codes, codesInRow(columns), outputs, places, cut.codes);
  const rowScales = scalesInRow(columns);
  const nested = inputs.start === 0 && inputs.end === columns ? nestedRows(matrix, outputs, rowScales) : null;
  if (nested) return { ...cut, scales: null, nested };
  const scales = matrix.nested
    ? widenNestedScales(matrix.nested, outputs.start * rowScales, outputs.end * rowScales)
    : matrix.scales?.subarray(outputs.start * rowScales, outputs.end * rowScales);
  if (!scales || !cut.scales) return cut;
  const all = { start: 0, end: cut.shape[0] };
  // A scale of a row is that of any stretch of it.
  const ofColumns =
    scaling === "row"
      ? { start: 0, end: rowScales }
      : { start: scalesInRow(inputs.start), end: scalesInRow(inputs.end) };
  copyStretch(scales, rowScales, all, ofColumns, cut.scales);
  return cut;
}

/** A stretch in a format in which its numbers are exact, row by row. */
function cutAs(
  format: PackedFormatName,
  matrix: PackedMatrix,
  outputs: RowRange,
  inputs: RowRange,
  allocate?: (bytes: number) => ArrayBuffer,
): PackedMatrix {
  const width = inputs.end - inputs.start;
  const cut = emptyPackedMatrix(format, [outputs.end - outputs.start, width], allocate);
  for (let row = outputs.start; row < outputs.end; row++) {
    const weights = widenRows(matrix, { start: row, end: row + 1 }).subarray(inputs.start, inputs.end);
    const first = (row - outputs.start) * width;
    packedFormats[format].encode(weights, null, cut.codes.subarray(first, first + width));
  }
  return cut;
}

/** Nested scales of whole rows that begin with a group; null where they do not, or there are none. */
function nestedRows(
  { nested }: PackedMatrix,
  { start, end }: RowRange,
  rowScales: number,
): PackedMatrix["nested"] | null {
  if (!nested || (start * rowScales) % NF4_SCALE_GROUP !== 0) return null;
  const [first, last] = [start * rowScales, end * rowScales];
  return {
    ...nested,
    codes: nested.codes.slice(first, last),
    scales: nested.scales.slice(first / NF4_SCALE_GROUP, Math.ceil(last / NF4_SCALE_GROUP)),
  };
}

/** Copies elements [start, end) of rows of so many. */
function copyStretch(
  values: Codes | Float32Array,
  length: number,
  rows: RowRange,
  { start, end }: RowRange,
  target: Codes | Float32Array,
): void {
  for (let row = rows.start; row < rows.end; row++) {
    target.set(values.subarray(row * length + start, row * length + end), (row - rows.start) * (end - start));
  }
}
