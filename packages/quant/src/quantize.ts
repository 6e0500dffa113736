import { QuantizationError } from "./errors.js";
import type { PackedFormatName } from "./packed-format.js";
import { packedFormats } from "./packed-formats.js";
import { checkShape, emptyPackedMatrix, type PackedMatrix } from "./packed-matrix.js";

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
  return packed;
}

/**
 * Packs some rows of a matrix into their place.
 * @param weights whole rows   @param firstRow row of the matrix that the first of them is
 */
export function quantizeRows(
  weights: Float32Array,
  { format, shape, codes, scales }: PackedMatrix,
  firstRow: number,
  name: string | null,
): void {
  const columns = shape[1];
  const spec = packedFormats[format];
  const place = codes.subarray(firstRow * columns, firstRow * columns + weights.length);
  if (scales === null) {
    checkRange(weights, format, columns, firstRow, name);
    spec.encode(weights, 1, place);
    return;
  }
  const own = scales.subarray(firstRow, firstRow + weights.length / columns);
  rowScales(weights, format, columns, firstRow, name, own);
  for (let row = 0; row < own.length; row++) {
    const start = row * columns;
    spec.encode(weights.subarray(start, start + columns), own[row], place.subarray(start, start + columns));
  }
}

/** Scales of some rows. @param target one scale a row, overwritten @throws QuantizationError */
export function rowScales(
  weights: Float32Array,
  format: PackedFormatName,
  columns: number,
  firstRow: number,
  name: string | null,
  target: Float32Array,
): void {
  checkRange(weights, format, columns, firstRow, name);
  const spec = packedFormats[format];
  for (let row = 0; row < target.length; row++) {
    target[row] = spec.rowScale(weights.subarray(row * columns, (row + 1) * columns));
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
