/** Decimal exponents that a code spans, as in Dettmers et al., arXiv:2110.02861, §2.1. */
const EXPONENTS = 7;

/** Values that numbers within [−1, 1] are stored as, and how one is found. */
export interface DynamicCode {
  /** 256 values, ascending. */
  readonly values: Float32Array;
  /** Of each value the largest float32 that is stored as it and not as the next: the middle, rounded down; Infinity of the last. */
  readonly middles: Float32Array;
  /**
   * Of each upper half of the bits of a float32 the index of the least number that begins with it, 0 of what is not a number. No two
   * numbers with the same upper half are more than one value apart.
   */
  readonly starts: Uint8Array;
  /** The index of the value nearest to x, the lower one of two as near. */
  readonly encode: (x: number) => number;
}

/**
 * The values of dynamic tree quantisation in 8 bits (Dettmers et al., arXiv:2110.02861, §2.1): seven decimal exponents, the smaller
 * ones with fewer fractions, and 0 and 1. They have a small error relative to the number over seven orders of magnitude.
 *
 * @param isSigned whether there are values below 0
 */
export function dynamicCode(isSigned: boolean): DynamicCode {
  const values: number[] = [0, 1];
  for (let i = 0; i < EXPONENTS; i++) {
    const fractions = 2 ** (isSigned ? i : i + 1);
    const borders = Float32Array.from({ length: fractions + 1 }, (_, k) => spaced(k, fractions));
    const power = Math.fround(10 ** (i + 1 - EXPONENTS));
    for (let k = 0; k < fractions; k++) {
      const value = power * (Math.fround(borders[k] + borders[k + 1]) / 2);
      values.push(value);
      if (isSigned) values.push(-value);
    }
  }
  const sorted = Float32Array.from(values).sort();
  const middles = Float32Array.from(sorted, (value, i) =>
    i + 1 < sorted.length ? roundedDown((value + sorted[i + 1]) / 2) : Infinity,
  );
  const starts = startsOf(middles);
  return { values: sorted, middles, starts, encode: encoder(middles, starts) };
}

/** The largest float32 that is not above a number: a float32 is above the one just where it is above the other. */
function roundedDown(x: number): number {
  const float = Float32Array.of(x);
  if (float[0] <= x) return float[0];
  const bits = new Uint32Array(float.buffer);
  bits[0] += float[0] > 0 ? -1 : 1;
  return float[0];
}

/**
 * Number k of 0…count evenly spaced ones from 0.1 to 1. The step is a float32, and counted from the nearer end, as PyTorch does
 * it: the values then have the bits that bitsandbytes writes.
 */
function spaced(k: number, count: number): number {
  const start = Math.fround(0.1);
  const step = Math.fround((1 - start) / count);
  return k < Math.floor((count + 1) / 2) ? start + step * k : 1 - step * (count - k);
}

/** Where the search for the first middle that a number does not exceed begins, by the upper half of its bits. */
function startsOf(middles: Float32Array): Uint8Array {
  const float = new Float32Array(1);
  const bits = new Uint32Array(float.buffer);
  const starts = new Uint8Array(65_536);
  for (let upper = 0; upper < starts.length; upper++) {
    const isNegative = upper >= 0x8000;
    // The least number with these upper bits: of negative ones that of the largest magnitude.
    bits[0] = (upper << 16) | (isNegative ? 0xffff : 0);
    const least = float[0];
    let index = 0;
    while (least > middles[index]) index++;
    starts[upper] = Number.isNaN(least) ? 0 : index;
  }
  return starts;
}

function encoder(middles: Float32Array, starts: Uint8Array): (x: number) => number {
  const float = new Float32Array(1);
  const bits = new Uint32Array(float.buffer);
  return (x) => {
    float[0] = x;
    const index = starts[bits[0] >>> 16];
    return float[0] > middles[index] ? index + 1 : index;
  };
}
