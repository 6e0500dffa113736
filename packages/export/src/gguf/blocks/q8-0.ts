import type { BlockFormat } from "./block-format.js";
import { halfAt, putHalf } from "./half.js";
import { largest } from "./largest.js";

const VALUES = 32;
const BYTES = 34;

/** 32 numbers of 8 bits with a float16 scale, which is the largest magnitude over 127. The bytes are llama.cpp's. */
export const q8_0: BlockFormat = {
  id: 8,
  values: VALUES,
  bytes: BYTES,
  encode(source, target) {
    for (let at = 0, start = 0; start < source.length; at += BYTES, start += VALUES) {
      const scale = Math.fround(Math.abs(largest(source, start, VALUES)) / 127);
      const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
      putHalf(target, at, scale);
      for (let i = 0; i < VALUES; i++) {
        const value = Math.fround(source[start + i] * inverse);
        // Halves go away from zero.
        target[at + 2 + i] = value < 0 ? -Math.floor(0.5 - value) : Math.floor(value + 0.5);
      }
    }
  },
  decode(source, target) {
    for (let at = 0, start = 0; start < target.length; at += BYTES, start += VALUES) {
      const scale = halfAt(source, at);
      for (let i = 0; i < VALUES; i++) target[start + i] = scale * ((source[at + 2 + i] << 24) >> 24);
    }
  },
};
