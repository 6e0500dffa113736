import { phrase } from "@lathe/files";
import { type ElementFormat, type WeightMatrix, widenWeights } from "@lathe/kernels";
import {
  type Dtype,
  elementCount,
  floatTypes,
  type RowRange,
  type StoredWeights,
  WeightsError,
} from "@lathe/model";
import { engineInUse } from "@lathe/tensor";
import { endianness } from "node:os";
import { QuantizationError } from "./errors.js";
import type { Codes } from "./matrix-format.js";
import type { PackedFormatName } from "./format-names.js";
import { packedFormats } from "./packed-formats.js";
import { emptyPackedMatrix, finished, type PackedMatrix, type UnfinishedMatrix } from "./packed-matrix.js";
import { findScales, quantizeRows } from "./quantize.js";

/** Weights that are read as float32 at one time: 16 MiB, all the dense memory that packing a tensor takes. */
const READ_WEIGHTS = 4 * 1024 * 1024;

/** Types that a kernel packs as they lie in the file. */
const kernelTypes: Partial<
  Record<
    Dtype,
    { readonly format: ElementFormat; readonly Codes: Float32ArrayConstructor | Uint16ArrayConstructor }
  >
> = {
  F32: { format: "fp32", Codes: Float32Array },
  BF16: { format: "bf16", Codes: Uint16Array },
  F16: { format: "fp16", Codes: Uint16Array },
};

/** Rows of a tensor as a matrix: the first axis, and everything after it in one. */
export function matrixShape(shape: readonly number[]): readonly [rows: number, columns: number] {
  const [rows = 1, ...rest] = shape;
  return [rows, elementCount(rest)];
}

/** A packed matrix and where it lies. */
export interface StoredMatrix {
  readonly matrix: PackedMatrix;
  /** Gives the memory of the codes back, which must not be used from then on. */
  readonly release: () => void;
}

/**
 * Packs a tensor of stored weights while it is read, rows at a time. A half-precision tensor that has the format already is
 * taken bit for bit. Codes lie in the memory of the weights, if they have one.
 * @throws QuantizationError on weights that the format cannot hold
 * @throws WeightsError when the tensor does not hold floats
 */
export async function quantizeStored(
  weights: StoredWeights,
  name: string,
  format: PackedFormatName,
): Promise<StoredMatrix> {
  const shape = matrixShape(weights.info(name).shape);
  if (hasFormat(weights, name, format)) return await holdHalves(weights, name, format, shape);
  const { memory } = weights;
  const packed = emptyPackedMatrix(format, shape, memory ? (bytes) => memory.allocate(bytes) : undefined);
  const release = (): void => memory?.free(packed.codes.buffer as ArrayBuffer);
  try {
    await packRows(weights, name, packed);
  } catch (error) {
    release();
    throw error;
  }
  return { matrix: finished(packed), release };
}

/** The scales that packing a tensor gives, in float32, without packing it. @returns [O, scales of a row] */
export async function storedScales(
  weights: StoredWeights,
  name: string,
  format: PackedFormatName,
): Promise<Float32Array> {
  const [rows, columns] = matrixShape(weights.info(name).shape);
  const rowScales = packedFormats[format].scalesInRow(columns);
  const scales = new Float32Array(rows * rowScales);
  const read = rowReader(weights, name);
  for (const piece of read.pieces) {
    const target = scales.subarray(piece.start * rowScales);
    findScales(await read.floats(piece), format, columns, piece.start, name, target);
  }
  return scales;
}

/** Whether the file holds the format's own bits. On a big-endian host they would have to be turned; widening does that. */
function hasFormat(weights: StoredWeights, name: string, format: PackedFormatName): boolean {
  const { dtype, scaling } = packedFormats[format];
  return scaling === "none" && weights.info(name).dtype === dtype && endianness() === "LE";
}

async function holdHalves(
  weights: StoredWeights,
  name: string,
  format: PackedFormatName,
  shape: readonly [number, number],
): Promise<StoredMatrix> {
  const { bytes, release } = await weights.hold(name);
  const codes = packedFormats[format].codesIn(bytes.buffer, bytes.byteOffset, shape[0] * shape[1]);
  // A mapped file is not looked through: that would read all of it before it is needed.
  if (weights.memory === null) refuseNonFinite(codes, name, format, shape[1]);
  return { matrix: { format, shape, codes, scales: null }, release };
}

function refuseNonFinite(codes: Codes, name: string, format: PackedFormatName, columns: number): void {
  const { nonFiniteMask, overflowsAt, widen } = packedFormats[format];
  const mask = nonFiniteMask ?? 0;
  for (let i = 0; i < codes.length; i++) {
    if ((codes[i] & mask) === mask) {
      const value = new Float32Array(1);
      widen(codes.subarray(i, i + 1), 1, value);
      const element = [Math.floor(i / columns), i % columns] as const;
      throw new QuantizationError(format, name, element, value[0], overflowsAt);
    }
  }
}

/** Packs all rows of a tensor into the place of its codes. */
async function packRows(weights: StoredWeights, name: string, packed: UnfinishedMatrix): Promise<void> {
  const read = rowReader(weights, name);
  for (const piece of read.pieces) await packPiece(read, piece, packed, 0);
}

/**
 * The codes of a tensor, packed some rows at a time as they are asked for: what is held is those rows, however large the
 * tensor is.
 * @throws QuantizationError on weights that the format cannot hold
 * @throws WeightsError when the tensor does not hold floats
 */
export async function* packedCodes(
  weights: StoredWeights,
  name: string,
  format: PackedFormatName,
): AsyncGenerator<Codes, void> {
  const read = rowReader(weights, name);
  for (const piece of read.pieces) {
    const part = emptyPackedMatrix(format, [piece.end - piece.start, read.columns]);
    await packPiece(read, piece, part, piece.start);
    yield part.codes;
  }
}

/** The bytes of a tensor as they are stored, some rows at a time. Each piece is read over the one before. */
export async function* storedBytes(weights: StoredWeights, name: string): AsyncGenerator<Uint8Array, void> {
  const { shape } = weights.info(name);
  let target: Uint8Array<ArrayBuffer> | undefined;
  for (const piece of pieces(...matrixShape(shape))) {
    const { bytes } = await weights.readRaw(name, shape.length === 0 ? undefined : piece, target);
    target ??= bytes;
    yield bytes;
  }
}

/** A tensor that is read rows at a time. */
interface RowReader {
  readonly name: string;
  readonly columns: number;
  readonly dtype: Dtype;
  readonly pieces: Iterable<RowRange>;
  /** The rows as float32. */
  readonly floats: (piece: RowRange) => Promise<Float32Array>;
  /** The rows as they lie in the file, until the next are read. */
  readonly raw: (piece: RowRange) => Promise<Uint8Array<ArrayBuffer>>;
}

/** @throws WeightsError when the tensor does not hold floats */
function rowReader(weights: StoredWeights, name: string): RowReader {
  const { dtype, shape } = weights.info(name);
  if (!floatTypes.includes(dtype)) {
    throw new WeightsError({
      path: weights.pathOf(name),
      tensor: name,
      expected: phrase`a dtype among ${floatTypes.join(", ")}, to pack it`,
      actual: dtype,
      remedy: "quantise the original weights",
    });
  }
  const [rows, columns] = matrixShape(shape);
  // A number alone has no axis to take rows of.
  const range = (piece: RowRange): RowRange | undefined => (shape.length === 0 ? undefined : piece);
  let target: Uint8Array<ArrayBuffer> | undefined;
  return {
    name,
    columns,
    dtype,
    pieces: pieces(rows, columns),
    floats: async (piece) => await weights.readFloat32(name, range(piece)),
    raw: async (piece) => {
      // The first piece is the longest; the others are read over it.
      const { bytes } = await weights.readRaw(name, range(piece), target);
      target ??= bytes;
      return bytes;
    },
  };
}

/**
 * Packs some rows of a tensor: by the kernel, where the engine has one for the type and the format.
 * @param origin row of the tensor that the matrix begins with
 */
async function packPiece(
  read: RowReader,
  piece: RowRange,
  packed: UnfinishedMatrix,
  origin: number,
): Promise<void> {
  const { packInt8 } = engineInUse();
  const { name, columns } = read;
  const source = kernelTypes[read.dtype];
  const [start, end] = [piece.start - origin, piece.end - origin];
  if (!packInt8 || !source || packed.format !== "int8") {
    quantizeRows(await read.floats(piece), packed, start, name, origin);
    return;
  }
  const bytes = await read.raw(piece);
  const count = end - start;
  const codes = new source.Codes(bytes.buffer, bytes.byteOffset, count * columns);
  const values: WeightMatrix = { format: source.format, shape: [count, columns], codes, scales: null };
  const scales = packed.scales!.subarray(start, end);
  const place = packed.codes.subarray(start * columns, end * columns) as Int8Array;
  packInt8(values, place, scales);
  // Says which element it is.
  if (scales.some(Number.isNaN)) quantizeRows(widenWeights(values), packed, start, name, origin);
}

/** Rows that are read together; none of a matrix without elements. */
function* pieces(rows: number, columns: number): Generator<RowRange> {
  if (rows * columns === 0) return;
  const step = Math.max(1, Math.floor(READ_WEIGHTS / columns));
  for (let start = 0; start < rows; start += step) yield { start, end: Math.min(start + step, rows) };
}
