import type { BlockFormat } from "./block-format.js";
import { halfAt, putHalf } from "./half.js";
import { largest } from "./largest.js";

const VALUES = 32;
const BYTES = 22;
const HIGH = 2;
const LOW = 6;

/**
 * 32 numbers of 5 bits around 16 with a float16 scale: what llama.cpp writes for Q4_K where a row is no multiple of 256. The
 * bytes are llama.cpp's.
 */
export const q5_0: BlockFormat = {
  id: 6,
  values: VALUES,
  bytes: BYTES,
  encode(source, target) {
    for (let at = 0, start = 0; start < source.length; at += BYTES, start += VALUES) {
      const scale = Math.fround(largest(source, start, VALUES) / -16);
      const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
      const code = (i: number): number =>
        Math.min(31, Math.trunc(Math.fround(Math.fround(source[start + i] * inverse) + 16.5)));
      putHalf(target, at, scale);
      target.fill(0, at + HIGH, at + LOW);
      for (let i = 0; i < VALUES / 2; i++) {
        const [first, second] = [code(i), code(i + VALUES / 2)];
        target[at + LOW + i] = (first & 15) | ((second & 15) << 4);
        target[at + HIGH + (i >>> 3)] |= (first >>> 4) << (i & 7);
        target[at + HIGH + 2 + (i >>> 3)] |= (second >>> 4) << (i & 7);
      }
    }
  },
  decode(source, target) {
    for (let at = 0, start = 0; start < target.length; at += BYTES, start += VALUES) {
      const scale = halfAt(source, at);
      const high = (i: number): number => ((source[at + HIGH + (i >>> 3)] >>> (i & 7)) & 1) << 4;
      for (let i = 0; i < VALUES / 2; i++) {
        const pair = source[at + LOW + i];
        target[start + i] = scale * (((pair & 15) | high(i)) - 16);
        target[start + i + VALUES / 2] = scale * (((pair >>> 4) | high(i + VALUES / 2)) - 16);
      }
    }
  },
};
