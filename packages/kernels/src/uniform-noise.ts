import { threefry2x32 } from "./threefry.js";

/**
 * Numbers uniform in (−1, 1). Element i is made of the upper 24 bits of word i mod 2 of Threefry-2x32 at counter ⌊i / 2⌋, so it
 * depends on key and place alone.
 *
 * @param out any length, overwritten
 */
export function uniformNoise(out: Float32Array, key: readonly [number, number]): void {
  for (let i = 0; i < out.length; i += 2) {
    const words = threefry2x32(key, [i / 2, 0]);
    for (let k = 0; k < 2 && i + k < out.length; k++) {
      out[i + k] = ((words[k] >>> 8) + 0.5) / 2 ** 23 - 1;
    }
  }
}
