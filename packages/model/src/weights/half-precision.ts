/**
 * The two 16-bit float formats of model files, to float32 and back.
 *
 * | format   | sign | exponent | fraction | largest | smallest above 0 |
 * | -------- | ---- | -------- | -------- | ------- | ---------------- |
 * | float16  | 1    | 5        | 10       | 65504   | 2^-24            |
 * | bfloat16 | 1    | 8        | 7        | 3.39e38 | 2^-133           |
 *
 * Widening is exact. Narrowing rounds to nearest, ties to even, and overflows to infinity, as IEEE 754 says; a NaN stays
 * a NaN of its sign and becomes quiet. All work is on bit patterns, so no value passes through a JavaScript number,
 * where an engine may rewrite NaNs.
 */

const FLOAT16_PATTERNS = 1 << 16;
const FLOAT32_INFINITY = 0x7f800000;

let float16Table: Uint32Array | null = null;

/** Float32 bits of every float16 pattern: 256 KB, made on first use, several times faster than the arithmetic. */
function float32BitsOfFloat16(): Uint32Array {
  if (float16Table !== null) return float16Table;
  const table = new Uint32Array(FLOAT16_PATTERNS);
  for (let pattern = 0; pattern < FLOAT16_PATTERNS; pattern++) {
    const sign = (pattern & 0x8000) << 16;
    let exponent = (pattern >>> 10) & 0x1f;
    let fraction = pattern & 0x3ff;
    if (exponent === 0x1f) {
      table[pattern] = sign | FLOAT32_INFINITY | (fraction << 13);
    } else if (exponent === 0 && fraction === 0) {
      table[pattern] = sign;
    } else {
      if (exponent === 0) {
        // A subnormal becomes a normal float32: shift until the implicit leading one is in place.
        exponent = 1;
        while ((fraction & 0x400) === 0) {
          fraction <<= 1;
          exponent--;
        }
        fraction &= 0x3ff;
      }
      table[pattern] = sign | ((exponent + 112) << 23) | (fraction << 13);
    }
  }
  float16Table = table;
  return table;
}

/**
 * Float16 patterns to float32, exactly.
 * @param target receives the values; as long as `source`. Made when absent.
 * @throws RangeError when the lengths differ
 */
export function float16ToFloat32(
  source: Uint16Array,
  target: Float32Array = new Float32Array(source.length),
): Float32Array {
  checkLengths("float16ToFloat32", source.length, target.length);
  const table = float32BitsOfFloat16();
  const bits = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let i = 0; i < source.length; i++) bits[i] = table[source[i]];
  return target;
}

/**
 * Bfloat16 patterns to float32, exactly.
 * @param target receives the values; as long as `source`. Made when absent.
 * @throws RangeError when the lengths differ
 */
export function bfloat16ToFloat32(
  source: Uint16Array,
  target: Float32Array = new Float32Array(source.length),
): Float32Array {
  checkLengths("bfloat16ToFloat32", source.length, target.length);
  const bits = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let i = 0; i < source.length; i++) bits[i] = source[i] << 16;
  return target;
}

/**
 * Float32 values to float16 patterns: to nearest, ties to even; 65520 and more become infinity.
 * @param target receives the patterns; as long as `source`. Made when absent.
 * @throws RangeError when the lengths differ
 */
export function float32ToFloat16(
  source: Float32Array,
  target: Uint16Array = new Uint16Array(source.length),
): Uint16Array {
  checkLengths("float32ToFloat16", source.length, target.length);
  const bits = new Uint32Array(source.buffer, source.byteOffset, source.length);
  for (let i = 0; i < bits.length; i++) {
    const sign = (bits[i] >>> 16) & 0x8000;
    const magnitude = bits[i] & 0x7fffffff;
    target[i] = sign | roundToFloat16(magnitude);
  }
  return target;
}

/** Float16 pattern of a float32 given by its bits, both without sign. */
function roundToFloat16(magnitude: number): number {
  if (magnitude > FLOAT32_INFINITY) return 0x7e00 | ((magnitude >>> 13) & 0x1ff);
  if (magnitude >= 0x477ff000) return 0x7c00; // 65520, half-way to the step above the largest
  if (magnitude >= 0x38800000) {
    // Normal, 2^-14 and more. A carry out of the fraction moves on to the exponent, as it should.
    const isOdd = (magnitude >>> 13) & 1;
    return (magnitude - (112 << 23) + 0xfff + isOdd) >>> 13;
  }
  if (magnitude <= 0x33000000) return 0; // 2^-25 is half-way to the smallest subnormal and goes to even
  // Subnormal: the fraction with its leading one, in units of 2^-24.
  const shift = 126 - (magnitude >>> 23);
  const fraction = (magnitude & 0x7fffff) | 0x800000;
  const isOdd = (fraction >>> shift) & 1;
  return (fraction + (1 << (shift - 1)) - 1 + isOdd) >>> shift;
}

/**
 * Float32 values to bfloat16 patterns: to nearest, ties to even.
 * @param target receives the patterns; as long as `source`. Made when absent.
 * @throws RangeError when the lengths differ
 */
export function float32ToBfloat16(
  source: Float32Array,
  target: Uint16Array = new Uint16Array(source.length),
): Uint16Array {
  checkLengths("float32ToBfloat16", source.length, target.length);
  const bits = new Uint32Array(source.buffer, source.byteOffset, source.length);
  for (let i = 0; i < bits.length; i++) {
    const pattern = bits[i];
    target[i] =
      (pattern & 0x7fffffff) > FLOAT32_INFINITY
        ? (pattern >>> 16) | 0x40
        : (pattern + 0x7fff + ((pattern >>> 16) & 1)) >>> 16;
  }
  return target;
}

function checkLengths(operation: string, sourceLength: number, targetLength: number): void {
  if (sourceLength !== targetLength) {
    throw new RangeError(`${operation}: expected a target of ${sourceLength} numbers, got ${targetLength}`);
  }
}
