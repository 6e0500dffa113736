import { float16ToFloat32, float32ToFloat16 } from "@lathe/model";

const single = new Float32Array(1);
const pattern = new Uint16Array(1);

/** Writes a number as float16, little-endian, and returns what it has become. */
export function putHalf(target: Uint8Array, at: number, value: number): number {
  single[0] = value;
  float32ToFloat16(single, pattern);
  target[at] = pattern[0] & 0xff;
  target[at + 1] = pattern[0] >>> 8;
  return float16ToFloat32(pattern, single)[0];
}

/** The float16, little-endian, at a byte. */
export function halfAt(source: Uint8Array, at: number): number {
  pattern[0] = source[at] | (source[at + 1] << 8);
  return float16ToFloat32(pattern, single)[0];
}
