import { type Checkpoint, CheckpointError, type Dtype } from "@lathe/model";
import { endianness } from "node:os";
import { QuantizationError } from "./errors.js";
import type { PackedFormatName } from "./packed-format.js";
import { packedFormats } from "./packed-formats.js";
import { emptyPackedMatrix, finished, type PackedMatrix } from "./packed-matrix.js";
import { findScales, quantizeRows } from "./quantize.js";

/** Weights that are read as float32 at one time: 16 MiB, all the dense memory that packing a tensor takes. */
const READ_WEIGHTS = 4 * 1024 * 1024;

/** Types that weights can be packed from. */
export const floatTypes: readonly Dtype[] = ["F64", "F32", "F16", "BF16"];

/** Rows of a tensor as a matrix: the first axis, and everything after it in one. */
export function matrixShape(shape: readonly number[]): readonly [rows: number, columns: number] {
  const [rows = 1, ...rest] = shape;
  return [rows, rest.reduce((product, size) => product * size, 1)];
}

/**
 * Packs a tensor of a checkpoint while it is read, rows at a time. A half-precision tensor that has the format already is
 * taken bit for bit.
 * @throws QuantizationError on weights that the format cannot hold
 * @throws CheckpointError when the tensor does not hold floats
 */
export async function quantizeStored(
  checkpoint: Checkpoint,
  name: string,
  format: PackedFormatName,
): Promise<PackedMatrix> {
  const shape = matrixShape(checkpoint.info(name).shape);
  if (hasFormat(checkpoint, name, format)) return await readHalves(checkpoint, name, format, shape);
  const packed = emptyPackedMatrix(format, shape);
  await eachPiece(checkpoint, name, (weights, firstRow) => quantizeRows(weights, packed, firstRow, name));
  return finished(packed);
}

/** The scales that packing a tensor gives, in float32, without packing it. @returns [O, scales of a row] */
export async function storedScales(
  checkpoint: Checkpoint,
  name: string,
  format: PackedFormatName,
): Promise<Float32Array> {
  const [rows, columns] = matrixShape(checkpoint.info(name).shape);
  const rowScales = packedFormats[format].scalesInRow(columns);
  const scales = new Float32Array(rows * rowScales);
  await eachPiece(checkpoint, name, (weights, firstRow) => {
    const target = scales.subarray(firstRow * rowScales);
    findScales(weights, format, columns, firstRow, name, target);
  });
  return scales;
}

/** Whether the file holds the format's own bits. On a big-endian host they would have to be turned; widening does that. */
function hasFormat(checkpoint: Checkpoint, name: string, format: PackedFormatName): boolean {
  const { dtype, scaling } = packedFormats[format];
  return scaling === "none" && checkpoint.info(name).dtype === dtype && endianness() === "LE";
}

async function readHalves(
  checkpoint: Checkpoint,
  name: string,
  format: PackedFormatName,
  shape: readonly [number, number],
): Promise<PackedMatrix> {
  const spec = packedFormats[format];
  const { bytes } = await checkpoint.readRaw(name);
  const codes = new Uint16Array(bytes.buffer, bytes.byteOffset, shape[0] * shape[1]);
  const mask = spec.nonFiniteMask ?? 0;
  for (let i = 0; i < codes.length; i++) {
    if ((codes[i] & mask) === mask) {
      const value = new Float32Array(1);
      spec.widen(codes.subarray(i, i + 1), 1, value);
      const element = [Math.floor(i / shape[1]), i % shape[1]] as const;
      throw new QuantizationError(format, name, element, value[0], spec.overflowsAt);
    }
  }
  return { format, shape, codes, scales: null };
}

async function eachPiece(
  checkpoint: Checkpoint,
  name: string,
  take: (weights: Float32Array, firstRow: number) => void,
): Promise<void> {
  const { dtype, shape, elementCount } = checkpoint.info(name);
  if (!floatTypes.includes(dtype)) {
    throw new CheckpointError({
      path: checkpoint.pathOf(name),
      tensor: name,
      expected: `a dtype among ${floatTypes.join(", ")}, to pack it`,
      actual: dtype,
      remedy: "quantise the original weights",
    });
  }
  const [rows, columns] = matrixShape(shape);
  if (elementCount === 0) return;
  if (shape.length === 0) {
    take(await checkpoint.readFloat32(name), 0);
    return;
  }
  const step = Math.max(1, Math.floor(READ_WEIGHTS / columns));
  for (let start = 0; start < rows; start += step) {
    take(await checkpoint.readFloat32(name, { start, end: Math.min(start + step, rows) }), start);
  }
}
