import { QuantizationError } from "./errors.js";
import type { PackedFormatName } from "./format-names.js";
import { packedFormats } from "./packed-formats.js";
import {
  checkShape,
  emptyPackedMatrix,
  finished,
  type PackedMatrix,
  type UnfinishedMatrix,
} from "./packed-matrix.js";

/**
 * Packs a dense matrix.
 *
 * @param weight [O, I] row-major   @param shape O and I
 * @param name of the tensor, for messages
 * @throws QuantizationError on NaN, infinity or a magnitude that the format cannot hold
 * @throws RangeError when weight and shape disagree
 */
export function quantize(
  weight: Float32Array,
  shape: readonly [outFeatures: number, inFeatures: number],
  format: PackedFormatName,
  name: string | null = null,
): PackedMatrix {
  checkShape(shape);
  if (weight.length !== shape[0] * shape[1]) {
    throw new RangeError(
      `quantize: expected ${shape[0] * shape[1]} weights for shape [${shape.join(", ")}], got ${weight.length}`,
    );
  }
  const packed = emptyPackedMatrix(format, shape);
  quantizeRows(weight, packed, 0, name);
  return finished(packed);
}

/**
 * Packs some rows of a matrix into their place.
 * @param weights whole rows   @param firstRow row of the matrix that the first of them is
 * @param origin row of the tensor that the matrix begins with, for messages
 */
export function quantizeRows(
  weights: Float32Array,
  { format, shape, codes, scales }: UnfinishedMatrix,
  firstRow: number,
  name: string | null,
  origin = 0,
): void {
  const columns = shape[1];
  if (columns === 0) return;
  const { codesInRow, scalesInRow, encode } = packedFormats[format];
  const [rowCodes, rowScales] = [codesInRow(columns), scalesInRow(columns)];
  const rows = weights.length / columns;
  const place = codes.subarray(firstRow * rowCodes, (firstRow + rows) * rowCodes);
  if (scales === null) {
    checkRange(weights, format, columns, origin + firstRow, name);
    encode(weights, null, place);
    return;
  }
  const own = scales.subarray(firstRow * rowScales, (firstRow + rows) * rowScales);
  findScales(weights, format, columns, origin + firstRow, name, own);
  for (let row = 0; row < rows; row++) {
    encode(
      weights.subarray(row * columns, (row + 1) * columns),
      own.subarray(row * rowScales, (row + 1) * rowScales),
      place.subarray(row * rowCodes, (row + 1) * rowCodes),
    );
  }
}

/** Scales of some rows, in float32. @param target of all the rows, overwritten @throws QuantizationError */
export function findScales(
  weights: Float32Array,
  format: PackedFormatName,
  columns: number,
  firstRow: number,
  name: string | null,
  target: Float32Array,
): void {
  checkRange(weights, format, columns, firstRow, name);
  const spec = packedFormats[format];
  const rowScales = spec.scalesInRow(columns);
  for (let row = 0; row * columns < weights.length; row++) {
    spec.findScales(
      weights.subarray(row * columns, (row + 1) * columns),
      target.subarray(row * rowScales, (row + 1) * rowScales),
    );
  }
}

function checkRange(
  weights: Float32Array,
  format: PackedFormatName,
  columns: number,
  firstRow: number,
  name: string | null,
): void {
  const { overflowsAt } = packedFormats[format];
  for (let i = 0; i < weights.length; i++) {
    // Written so that NaN is caught too.
    if (!(Math.abs(weights[i]) < overflowsAt)) {
      const element = [firstRow + Math.floor(i / columns), i % columns] as const;
      throw new QuantizationError(format, name, element, weights[i], overflowsAt);
    }
  }
}
