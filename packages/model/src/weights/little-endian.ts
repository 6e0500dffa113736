import { endianness } from "node:os";

const hostIsLittleEndian = endianness() === "LE";

/**
 * Turns elements between the byte order of files, little-endian, and that of the host, in place.
 * @param size bytes of one element: 1, 2, 4 or 8
 */
export function swapOnBigEndianHost(bytes: Uint8Array, size: number): void {
  if (hostIsLittleEndian) return;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (size === 2) buffer.swap16();
  if (size === 4) buffer.swap32();
  if (size === 8) buffer.swap64();
}

/** The bytes of a typed array as files hold them; a view on little-endian hosts, else a copy. */
export function littleEndianBytes(view: ArrayBufferView, size: number): Uint8Array {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  // Bytes and bit patterns of one byte have no order to turn.
  if (hostIsLittleEndian || view instanceof Uint8Array) return bytes;
  const copy = bytes.slice();
  swapOnBigEndianHost(copy, size);
  return copy;
}
