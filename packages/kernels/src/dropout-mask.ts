/**
 * Inverted-dropout factors: 0 with the given rate, else 1 / (1 − rate).
 *
 * Element i takes 16 bits of Threefry-2x32 at counter ⌊i / 4⌋, so a mask depends on its key and nothing else. The rate
 * is met to within 2⁻¹⁷.
 *
 * @param out any length, overwritten   @param rate in [0, 1)
 */
export function dropoutMask(out: Float32Array, key: readonly [number, number], rate: number): void {
  const dropBelow = Math.round(rate * 65536);
  const kept = 1 / (1 - rate);
  const k0 = key[0] | 0;
  const k1 = key[1] | 0;
  const k2 = 0x1bd11bda ^ k0 ^ k1;
  const length = out.length;
  for (let i = 0, counter = 0; i < length; i += 4, counter++) {
    // Threefry-2x32, 20 rounds, unrolled: the loop in threefry.ts is ten times slower here.
    let a = (counter + k0) | 0;
    let b = k1;
    a = (a + b) | 0;
    b = ((b << 13) | (b >>> 19)) ^ a; // prettier-ignore
    a = (a + b) | 0;
    b = ((b << 15) | (b >>> 17)) ^ a; // prettier-ignore
    a = (a + b) | 0;
    b = ((b << 26) | (b >>> 6)) ^ a; // prettier-ignore
    a = (a + b) | 0;
    b = ((b << 6) | (b >>> 26)) ^ a; // prettier-ignore
    a = (a + k1) | 0;
    b = (b + k2 + 1) | 0; // prettier-ignore
    a = (a + b) | 0;
    b = ((b << 17) | (b >>> 15)) ^ a; // prettier-ignore
    a = (a + b) | 0;
    b = ((b << 29) | (b >>> 3)) ^ a; // prettier-ignore
    a = (a + b) | 0;
    b = ((b << 16) | (b >>> 16)) ^ a; // prettier-ignore
    a = (a + b) | 0;
    b = ((b << 24) | (b >>> 8)) ^ a; // prettier-ignore
    a = (a + k2) | 0;
    b = (b + k0 + 2) | 0; // prettier-ignore
    a = (a + b) | 0;
    b = ((b << 13) | (b >>> 19)) ^ a; // prettier-ignore
    a = (a + b) | 0;
    b = ((b << 15) | (b >>> 17)) ^ a; // prettier-ignore
    a = (a + b) | 0;
    b = ((b << 26) | (b >>> 6)) ^ a; // prettier-ignore
    a = (a + b) | 0;
    b = ((b << 6) | (b >>> 26)) ^ a; // prettier-ignore
    a = (a + k0) | 0;
    b = (b + k1 + 3) | 0; // prettier-ignore
    a = (a + b) | 0;
    b = ((b << 17) | (b >>> 15)) ^ a; // prettier-ignore
    a = (a + b) | 0;
    b = ((b << 29) | (b >>> 3)) ^ a; // prettier-ignore
    a = (a + b) | 0;
    b = ((b << 16) | (b >>> 16)) ^ a; // prettier-ignore
    a = (a + b) | 0;
    b = ((b << 24) | (b >>> 8)) ^ a; // prettier-ignore
    a = (a + k1) | 0;
    b = (b + k2 + 4) | 0; // prettier-ignore
    a = (a + b) | 0;
    b = ((b << 13) | (b >>> 19)) ^ a; // prettier-ignore
    a = (a + b) | 0;
    b = ((b << 15) | (b >>> 17)) ^ a; // prettier-ignore
    a = (a + b) | 0;
    b = ((b << 26) | (b >>> 6)) ^ a; // prettier-ignore
    a = (a + b) | 0;
    b = ((b << 6) | (b >>> 26)) ^ a; // prettier-ignore
    a = (a + k2) | 0;
    b = (b + k0 + 5) | 0; // prettier-ignore
    out[i] = (a & 0xffff) < dropBelow ? 0 : kept;
    if (i + 1 < length) out[i + 1] = a >>> 16 < dropBelow ? 0 : kept;
    if (i + 2 < length) out[i + 2] = (b & 0xffff) < dropBelow ? 0 : kept;
    if (i + 3 < length) out[i + 3] = b >>> 16 < dropBelow ? 0 : kept;
  }
}
