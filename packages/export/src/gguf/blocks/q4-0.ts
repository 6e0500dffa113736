import type { BlockFormat } from "./block-format.js";
import { halfAt, putHalf } from "./half.js";
import { largest } from "./largest.js";

const VALUES = 32;
const BYTES = 18;

/** 32 numbers of 4 bits around 8 with a float16 scale, which takes the largest number to an end. The bytes are llama.cpp's. */
export const q4_0: BlockFormat = {
  id: 2,
  values: VALUES,
  bytes: BYTES,
  encode(source, target) {
    for (let at = 0, start = 0; start < source.length; at += BYTES, start += VALUES) {
      const scale = Math.fround(largest(source, start, VALUES) / -8);
      const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
      const code = (i: number): number =>
        Math.min(15, Math.trunc(Math.fround(Math.fround(source[start + i] * inverse) + 8.5)));
      putHalf(target, at, scale);
      for (let i = 0; i < VALUES / 2; i++) target[at + 2 + i] = code(i) | (code(i + VALUES / 2) << 4);
    }
  },
  decode(source, target) {
    for (let at = 0, start = 0; start < target.length; at += BYTES, start += VALUES) {
      const scale = halfAt(source, at);
      for (let i = 0; i < VALUES / 2; i++) {
        const pair = source[at + 2 + i];
        target[start + i] = scale * ((pair & 15) - 8);
        target[start + i + VALUES / 2] = scale * ((pair >>> 4) - 8);
      }
    }
  },
};
