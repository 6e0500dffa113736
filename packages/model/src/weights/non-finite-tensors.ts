import { openSafetensors } from "./safetensors-file.js";
import type { StoredWeights } from "./stored-weights.js";
import { type Dtype, dtypeSizes, type TensorInfo } from "./tensor-info.js";

/** A tensor and the file that it lies in. */
export interface PlacedTensor {
  readonly tensor: string;
  /** Path of the file. */
  readonly path: string;
}

/** Bytes that are looked at together. */
const PIECE_BYTES = 4 * 1024 * 1024;

/** Bits that are all set in NaN and infinity, by type; those of the upper half of an F64. F8_E4M3 has no infinity. */
const nonFiniteBits: Partial<Record<Dtype, number>> = {
  F8_E5M2: 0x7c,
  F8_E4M3: 0x7f,
  F16: 0x7c00,
  BF16: 0x7f80,
  F32: 0x7f800000,
  F64: 0x7ff00000,
};

/**
 * Looks for NaN and infinity in tensors as they lie in their files: weights of float types, and the scales, codebooks and zero points of
 * packed ones, whose codes are finite whatever they are. A tensor is read in pieces, up to the first number that is not finite.
 *
 * @param weights name the files, and are not read themselves
 * @param isMeant whether the tensor of a name is looked at
 * @throws WeightsError when a file has gone or ends early
 */
export async function nonFiniteTensors(
  weights: StoredWeights,
  isMeant: (name: string) => boolean,
): Promise<PlacedTensor[]> {
  const found: PlacedTensor[] = [];
  for (const path of new Set(weights.names().map((name) => weights.pathOf(name)))) {
    // As the file names them: scales that are a part of how another tensor reads have no name in `weights`.
    const file = await openSafetensors(path);
    try {
      for (const tensor of file.names()) {
        if (isMeant(tensor) && !(await isFinite(file, file.info(tensor)))) found.push({ tensor, path });
      }
    } finally {
      await file.close();
    }
  }
  return found;
}

async function isFinite(
  file: StoredWeights,
  { name, dtype, shape, byteLength }: TensorInfo,
): Promise<boolean> {
  const bits = nonFiniteBits[dtype];
  if (bits === undefined || byteLength === 0) return true;
  const rows = shape[0] ?? 1;
  const step = shape.length === 0 ? 1 : Math.max(1, Math.floor((PIECE_BYTES * rows) / byteLength));
  for (let start = 0; start < rows; start += step) {
    const range = shape.length === 0 ? undefined : { start, end: Math.min(start + step, rows) };
    const { bytes } = await file.readRaw(name, range);
    if (hasAllBits(bytes, dtypeSizes[dtype], bits)) return false;
  }
  return true;
}

/** Whether all of the bits are set in any element. @param bytes little-endian, on any host */
function hasAllBits(bytes: Uint8Array<ArrayBuffer>, size: number, bits: number): boolean {
  const { buffer, byteOffset, byteLength, length } = bytes;
  const view = new DataView(buffer, byteOffset, byteLength);
  // The upper 32 bits of eight bytes hold sign and exponent.
  for (let at = size === 8 ? 4 : 0; at < length; at += size) {
    const element = size === 1 ? bytes[at] : size === 2 ? view.getUint16(at, true) : view.getUint32(at, true);
    // Unsigned, as the sign of a 32-bit operation is.
    if ((element & bits) >>> 0 === bits) return true;
  }
  return false;
}
