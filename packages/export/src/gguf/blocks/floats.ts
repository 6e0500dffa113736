import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from "@lathe/model";
import type { BlockFormat } from "./block-format.js";

/** Patterns of two bytes, little-endian, whatever the machine's order and wherever they begin. */
function putPatterns(patterns: Uint16Array, target: Uint8Array): void {
  for (let i = 0; i < patterns.length; i++) {
    target[2 * i] = patterns[i] & 0xff;
    target[2 * i + 1] = patterns[i] >>> 8;
  }
}

function patternsOf(source: Uint8Array): Uint16Array {
  return Uint16Array.from({ length: source.length / 2 }, (_, i) => source[2 * i] | (source[2 * i + 1] << 8));
}

/** IEEE 754 single precision. */
export const f32: BlockFormat = {
  id: 0,
  values: 1,
  bytes: 4,
  encode(source, target) {
    const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
    for (let i = 0; i < source.length; i++) view.setFloat32(4 * i, source[i], true);
  },
  decode(source, target) {
    const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
    for (let i = 0; i < target.length; i++) target[i] = view.getFloat32(4 * i, true);
  },
};

/** IEEE 754 half precision, to nearest, ties to even. */
export const f16: BlockFormat = {
  id: 1,
  values: 1,
  bytes: 2,
  encode: (source, target) => putPatterns(float32ToFloat16(source), target),
  decode: (source, target) => void float16ToFloat32(patternsOf(source), target),
};

/** bfloat16, to nearest, ties to even. */
export const bf16: BlockFormat = {
  id: 30,
  values: 1,
  bytes: 2,
  encode: (source, target) => putPatterns(float32ToBfloat16(source), target),
  decode: (source, target) => void bfloat16ToFloat32(patternsOf(source), target),
};
