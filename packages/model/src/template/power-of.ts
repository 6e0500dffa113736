/** Whole exponents up to here are computed exactly. */
const MOST_EXPONENT = 4096;

/** Bits behind the point of what other powers are computed with. */
const PLACES = 256n;
const ONE = 1n << PLACES;

/**
 * `x ** y`, rounded to the nearest double as the C library does, which the operator of V8 is not: the power is computed with more
 * digits and rounded once.
 */
export function powerOf(x: number, y: number): number {
  const power = x ** y;
  if (x === 1 || (x === -1 && !Number.isFinite(y) && !Number.isNaN(y))) return 1;
  if (
    x === 0 ||
    y === 0 ||
    power === 0 ||
    !Number.isFinite(power) ||
    !Number.isFinite(x) ||
    !Number.isFinite(y)
  )
    return power;
  const sign = x < 0 && y % 2 !== 0 ? -1 : 1;
  if (Number.isInteger(y) && Math.abs(y) <= MOST_EXPONENT) return sign * wholePower(Math.abs(x), y);
  return sign * realPower(Math.abs(x), y);
}

function wholePower(x: number, y: number): number {
  const [digits, exponent] = partsOf(x);
  const power = digits ** BigInt(Math.abs(y));
  if (y > 0) return rounded(power, exponent * y, false);
  const places = bitsOf(power) + 64;
  const whole = 1n << BigInt(places);
  return rounded(whole / power, exponent * y - places, whole % power !== 0n);
}

/** `exp(y * ln(x))` in fixed point; it is no tie between two doubles, being no ratio. */
function realPower(x: number, y: number): number {
  const [digits, exponent] = partsOf(x);
  const bits = bitsOf(digits);
  const mantissa = (digits << PLACES) >> BigInt(bits); // from a half to one
  const ln2 = 2n * inverseTangent(ONE / 3n);
  const logarithm =
    BigInt(exponent + bits) * ln2 + 2n * inverseTangent(((mantissa - ONE) * ONE) / (mantissa + ONE));
  const [factor, scale] = partsOf(Math.abs(y));
  const product = scale < 0 ? (logarithm * factor) >> BigInt(-scale) : (logarithm * factor) << BigInt(scale);
  const whole = y < 0 ? -product : product;
  const doublings = whole / ln2 - (whole < 0n ? 1n : 0n);
  const rest = whole - doublings * ln2;
  let sum = ONE;
  for (let term = rest, n = 2n; term > 0n; term = (term * rest) / (ONE * n++)) sum += term;
  return rounded(sum, Number(doublings - PLACES), true);
}

/** The inverse hyperbolic tangent of a number between minus and plus a half, in fixed point. */
function inverseTangent(z: bigint): bigint {
  const square = (z * z) / ONE;
  let sum = 0n;
  for (let power = z, n = 1n; power !== 0n; power = (power * square) / ONE, n += 2n) sum += power / n;
  return sum;
}

/** A positive number as whole digits times a power of two. */
function partsOf(value: number): [digits: bigint, exponent: number] {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const exponent = Number(bits >> 52n);
  const fraction = bits & ((1n << 52n) - 1n);
  return exponent === 0 ? [fraction, -1074] : [fraction | (1n << 52n), exponent - 1075];
}

const bitsOf = (value: bigint): number => value.toString(2).length;

/** `digits * 2 ** exponent` as the nearest double, ties to even; with a rest, a little more than that. */
function rounded(digits: bigint, exponent: number, hasRest: boolean): number {
  const dropped = Math.max(bitsOf(digits) - 53, -1074 - exponent);
  if (dropped <= 0) return Number(digits) * 2 ** exponent;
  const unit = 1n << BigInt(dropped);
  const low = digits % unit;
  const half = unit >> 1n;
  let kept = digits / unit;
  if (low > half || (low === half && (hasRest || kept % 2n === 1n))) kept += 1n;
  const scale = exponent + dropped;
  // A power of two beyond the largest is reached in two steps.
  return scale > 900
    ? Number(kept) * 2 ** 900 * 2 ** (scale - 900)
    : Number(kept) * 2 ** Math.max(scale, -1074);
}
