import { byteIn, type BytePattern, choice, literal, optional, repeat, sequence } from "./byte-grammar.js";

/** A number that others are held to. */
export interface NumberBound {
  readonly value: number;
  /** Whether the number itself is out. */
  readonly isOut: boolean;
}

/** Digits of a number at most, where no bound has more: decimals of so many are told apart by doubles. */
const DIGITS = 15;

/** A bound as digits before and behind the point. */
interface Decimal {
  readonly whole: string;
  readonly fraction: string;
  readonly isOut: boolean;
}

/** What is left of a bound whose digits so far were all met; null where the number is within it whatever follows. */
type Left = { readonly digits: string; readonly isOut: boolean } | null;

const zero: Decimal = { whole: "0", fraction: "", isOut: false };
const digit = byteIn(0x30, 0x39);

/**
 * Numbers from one bound to another, written out without exponents; null for no bound.
 * @param isWhole whether they have no fraction
 * @returns null where there are none
 */
export function numbersWithin(
  least: NumberBound | null,
  most: NumberBound | null,
  isWhole: boolean,
): BytePattern | null {
  const [low, high] = isWhole ? [wholeBound(least, 1), wholeBound(most, -1)] : [least, most];
  const options: BytePattern[] = [];
  if (high === null || high.value >= 0) {
    const from = low !== null && low.value >= 0 ? decimalOf(low) : zero;
    const numbers = magnitudes(from, high && decimalOf(high), isWhole);
    if (numbers) options.push(numbers);
  }
  if (low === null || low.value < 0) {
    const from = high !== null && high.value <= 0 ? decimalOf(high) : zero;
    const numbers = magnitudes(from, low && decimalOf(low), isWhole);
    if (numbers) options.push(sequence(literal("-"), numbers));
  }
  return options.length === 0 ? null : choice(...options);
}

/** The whole number that a bound comes to, going up (1) or down (-1). */
function wholeBound(bound: NumberBound | null, way: 1 | -1): NumberBound | null {
  if (bound === null) return null;
  const value = way === 1 ? Math.ceil(bound.value) : Math.floor(bound.value);
  const isPassed = bound.isOut && value === bound.value;
  return { value: isPassed ? value + way : value, isOut: false };
}

/** Size of a bound without its sign, as digits. */
function decimalOf({ value, isOut }: NumberBound): Decimal {
  const [mantissa, exponent = "0"] = String(Math.abs(value)).split("e");
  const [before, behind = ""] = mantissa.split(".");
  const shift = Number(exponent);
  const digits = before + behind;
  const point = before.length + shift;
  const padded = point <= 0 ? "0".repeat(1 - point) + digits : digits.padEnd(point, "0");
  const place = Math.max(1, point);
  return { whole: padded.slice(0, place).replace(/^0+(?=.)/, ""), fraction: padded.slice(place), isOut };
}

/** Numbers without a sign. */
function magnitudes(low: Decimal, high: Decimal | null, isWhole: boolean): BytePattern | null {
  const fewest = low.whole.length;
  const most = Math.min(high?.whole.length ?? Infinity, Math.max(DIGITS, fewest));
  const fractions = Math.max(low.fraction.length, high?.fraction.length ?? 0);
  const options: BytePattern[] = [];
  for (let length = fewest; length <= most; length++) {
    const places = isWhole ? 0 : Math.max(1, DIGITS - length, fractions);
    const pattern = numerals(
      length,
      places,
      length === fewest ? leftOf(low) : null,
      high !== null && length === high.whole.length ? leftOf(high) : null,
      length > 1,
    );
    if (pattern) options.push(pattern);
  }
  return options.length === 0 ? null : choice(...options);
}

const leftOf = ({ whole, fraction, isOut }: Decimal): Left => ({ digits: whole + fraction, isOut });

/** A lower bound of which nothing is left is met, unless the number itself is out. */
const stillLow = (low: Left): Left => (low !== null && !low.isOut && isZero(low) ? null : low);

const isZero = (left: NonNullable<Left>): boolean => /^0*$/.test(left.digits);

/** So many digits before the point, and what may follow behind it. */
function numerals(
  whole: number,
  places: number,
  lowLeft: Left,
  high: Left,
  isFirst: boolean,
): BytePattern | null {
  const low = stillLow(lowLeft);
  if (whole === 0) return fraction(places, low, high);
  if (low === null && high === null && !isFirst) {
    return sequence(repeat(digit, whole, whole), fraction(places, null, null)!);
  }
  return digits(isFirst ? 1 : 0, low, high, (nextLow, nextHigh) =>
    numerals(whole - 1, places, nextLow, nextHigh, false),
  );
}

/** The point and digits behind it, or nothing. */
function fraction(places: number, low: Left, high: Left): BytePattern | null {
  const some = places === 0 ? null : decimals(places, low, high);
  const behind = some && sequence(literal("."), some);
  if (mayEnd(low, high)) return behind ? optional(behind) : sequence();
  return behind;
}

/** Digits behind the point, one at least. */
function decimals(places: number, lowLeft: Left, high: Left): BytePattern | null {
  const low = stillLow(lowLeft);
  if (places === 0) return null;
  if (low === null && high === null) return repeat(digit, 1, places);
  return digits(0, low, high, (nextLow, nextHigh) => {
    const more = decimals(places - 1, nextLow, nextHigh);
    if (mayEnd(stillLow(nextLow), nextHigh)) return more ? optional(more) : sequence();
    return more;
  });
}

/** Whether a number may have no further digits. */
const mayEnd = (low: Left, high: Left): boolean =>
  low === null && (high === null || !(high.isOut && isZero(high)));

/** A digit and what follows it, digits after which nothing is bound any more together. */
function digits(
  smallest: number,
  low: Left,
  high: Left,
  follow: (low: Left, high: Left) => BytePattern | null,
): BytePattern | null {
  const first = Math.max(smallest, low === null ? 0 : Number(low.digits[0] ?? 0));
  const last = high === null ? 9 : Number(high.digits[0] ?? 0);
  const next = (left: Left, one: number): Left =>
    left !== null && one === Number(left.digits[0] ?? 0)
      ? { digits: left.digits.slice(1), isOut: left.isOut }
      : null;
  const options: BytePattern[] = [];
  for (let from = first; from <= last;) {
    const [nextLow, nextHigh] = [next(low, from), next(high, from)];
    let to = from;
    if (nextLow === null && nextHigh === null)
      while (to < last && next(low, to + 1) === null && next(high, to + 1) === null) to++;
    const rest = follow(nextLow, nextHigh);
    if (rest) options.push(sequence(byteIn(0x30 + from, 0x30 + to), rest));
    from = to + 1;
  }
  return options.length === 0 ? null : choice(...options);
}
