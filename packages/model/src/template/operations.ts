import { formatPercent } from "./format-percent.js";
import { powerOf } from "./power-of.js";
import { strOf } from "./python-repr.js";
import {
  asNumber,
  Dict,
  iterate,
  Markup,
  plain,
  pointsOf,
  Range,
  Tuple,
  typeName,
  Undefined,
  type Value,
  View,
} from "./python-values.js";
import { checkLength } from "./template-limits.js";
import type { BinaryOperator, Comparison } from "./template-nodes.js";
import { TemplateError, typeError, valueError } from "./template-error.js";

/** Most bits of a whole number. */
const MOST_BITS = 100_000;

/**
 * `left operator right`
 *
 * @throws TemplateError in Python's words
 */
export function operate(operator: BinaryOperator, left: Value, right: Value): Value {
  if (left instanceof Markup || right instanceof Markup) return operateOnMarkup(operator, left, right);
  if (left instanceof Undefined) left.fail();
  if (right instanceof Undefined && !(operator === "%" && typeof left === "string")) right.fail();
  const a = asNumber(left);
  const b = asNumber(right);
  if (a !== undefined && b !== undefined) return arithmetic(operator, a, b);
  if (operator === "+") {
    if (typeof left === "string" && typeof right === "string") {
      checkLength(left.length + right.length);
      return left + right;
    }
    if (Array.isArray(left) && Array.isArray(right)) {
      checkLength(left.length + right.length);
      return [...left, ...right];
    }
    if (left instanceof Tuple && right instanceof Tuple) return new Tuple([...left.items, ...right.items]);
    for (const [value, kind] of [
      [left, "str"],
      [left, "list"],
      [left, "tuple"],
    ] as const) {
      if (typeName(value) === kind) {
        throw typeError(`can only concatenate ${kind} (not "${typeName(right)}") to ${kind}`);
      }
    }
  }
  if (operator === "*") {
    if (a !== undefined && typeof a === "bigint") return repeat(right, a, left);
    if (b !== undefined && typeof b === "bigint") return repeat(left, b, right);
    const isSequence = (value: Value): boolean =>
      typeof value === "string" || Array.isArray(value) || value instanceof Tuple;
    if (isSequence(left) || isSequence(right)) {
      const other = isSequence(left) ? right : left;
      throw typeError(`can't multiply sequence by non-int of type '${typeName(other)}'`);
    }
  }
  if (operator === "%" && typeof left === "string") return formatPercent(left, right);
  throw unsupported(operator, left, right);
}

/** A text for HTML, as the filter `escape` writes it. */
export const escapeHtml = (text: string): string =>
  text.replaceAll(/[&<>"']/gu, (mark) => HTML_ESCAPES[mark]);

const HTML_ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&#34;",
  "'": "&#39;",
};

/** Texts that meet markup are escaped, and the result is markup. */
function operateOnMarkup(operator: BinaryOperator, left: Value, right: Value): Value {
  const escaped = (value: Value): Value => (typeof value === "string" ? escapeHtml(value) : plain(value));
  if (operator === "%" && left instanceof Markup) {
    const values = right instanceof Tuple ? new Tuple(right.items.map(escaped)) : escaped(right);
    return new Markup(formatPercent(left.text, values));
  }
  const made = operate(operator, escaped(left), escaped(right));
  return typeof made === "string" && operator !== "%" ? new Markup(made) : made;
}

const unsupported = (operator: string, left: Value, right: Value): TemplateError => {
  const shown = operator === "**" ? "** or pow()" : operator;
  return typeError(`unsupported operand type(s) for ${shown}: '${typeName(left)}' and '${typeName(right)}'`);
};

function repeat(value: Value, times: bigint, count: Value): Value {
  if (BigInt.asIntN(64, times) !== times) {
    throw new TemplateError("OverflowError", "cannot fit 'int' into an index-sized integer");
  }
  const many = times < 0n ? 0 : Number(times);
  if (typeof value === "string") {
    checkLength(value.length * many);
    return value.repeat(many);
  }
  const items = Array.isArray(value) ? value : value instanceof Tuple ? value.items : null;
  if (items === null) throw unsupported("*", value, count);
  checkLength(items.length * many);
  const repeated = Array.from({ length: items.length * many }, (_, place) => items[place % items.length]);
  return Array.isArray(value) ? repeated : new Tuple(repeated);
}

function arithmetic(operator: BinaryOperator, a: bigint | number, b: bigint | number): Value {
  if (operator === "/") {
    if (Number(b) === 0) throw new TemplateError("ZeroDivisionError", "division by zero");
    return Number(a) / Number(b);
  }
  if (typeof a === "bigint" && typeof b === "bigint") return wholeArithmetic(operator, a, b);
  const [x, y] = [Number(a), Number(b)];
  switch (operator) {
    case "+":
      return x + y;
    case "-":
      return x - y;
    case "*":
      return x * y;
    case "**": {
      if (x === 0 && y < 0) {
        throw new TemplateError("ZeroDivisionError", "0.0 cannot be raised to a negative power");
      }
      const power = powerOf(x, y);
      if (Number.isFinite(x) && Number.isFinite(y)) {
        if (power === Infinity || power === -Infinity) {
          throw new TemplateError("OverflowError", "(34, 'Numerical result out of range')");
        }
        if (Number.isNaN(power)) throw valueError("a complex number is no value of a template here");
      }
      return power;
    }
    case "//":
    case "%": {
      if (y === 0) {
        const what = operator === "%" ? "float modulo" : "float floor division by zero";
        throw new TemplateError("ZeroDivisionError", operator === "%" ? `${what} by zero` : what);
      }
      // The remainder has the sign of the divisor, as in Python.
      let remainder = x % y;
      let quotient = (x - remainder) / y;
      if (remainder !== 0 && remainder < 0 !== y < 0) {
        remainder += y;
        quotient -= 1;
      } else if (remainder === 0) remainder = y < 0 ? -0 : 0;
      if (operator === "%") return remainder;
      if (quotient === 0) return x / y < 0 || Object.is(x / y, -0) ? -0 : 0;
      const floor = Math.floor(quotient);
      return quotient - floor > 0.5 ? floor + 1 : floor;
    }
  }
}

function wholeArithmetic(operator: Exclude<BinaryOperator, "/">, a: bigint, b: bigint): Value {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      checkBits(bitsOf(a) + bitsOf(b));
      return a * b;
    case "**":
      if (b < 0n) {
        if (a === 0n)
          throw new TemplateError("ZeroDivisionError", "0.0 cannot be raised to a negative power");
        return powerOf(Number(a), Number(b));
      }
      if (a > 1n || a < -1n) checkBits(bitsOf(a) * Number(b));
      return a ** (a > 1n || a < -1n ? b : b % 2n === 0n && b > 0n ? 2n : b > 0n ? 1n : 0n);
    case "//":
    case "%": {
      if (b === 0n) {
        const what = operator === "%" ? "integer modulo by zero" : "integer division or modulo by zero";
        throw new TemplateError("ZeroDivisionError", what);
      }
      const remainder = a % b;
      const crosses = remainder !== 0n && remainder < 0n !== b < 0n;
      if (operator === "%") return crosses ? remainder + b : remainder;
      return crosses ? a / b - 1n : a / b;
    }
  }
}

const bitsOf = (value: bigint): number => value.toString(16).length * 4;

function checkBits(bits: number): void {
  if (bits > MOST_BITS)
    throw new TemplateError("MemoryError", "the template makes a number that is too large");
}

/** `+value` or `-value` */
export function applySign(sign: "+" | "-", value: Value): Value {
  if (value instanceof Undefined) value.fail();
  const number = asNumber(value);
  if (number === undefined) throw typeError(`bad operand type for unary ${sign}: '${typeName(value)}'`);
  return sign === "+" ? number : -number;
}

/** `left == right` */
export function equal(first: Value, second: Value): boolean {
  const [left, right] = [plain(first), plain(second)];
  const a = asNumber(left);
  const b = asNumber(right);
  // Order compares whole numbers with others by value, as Python does; nothing is in order with NaN.
  if (a !== undefined && b !== undefined) return a <= b && a >= b;
  if (Array.isArray(left) && Array.isArray(right)) return allEqual(left, right);
  if (left instanceof Tuple && right instanceof Tuple) return allEqual(left.items, right.items);
  if (left instanceof Dict && right instanceof Dict) {
    return (
      left.size === right.size &&
      left.entries().every(([key, value]) => {
        const other = right.get(key);
        return other !== undefined && equal(value, other);
      })
    );
  }
  if (left instanceof Range && right instanceof Range) {
    return (
      left.length === right.length &&
      (left.length === 0 || (left.at(0) === right.at(0) && left.step === right.step))
    );
  }
  if (
    left instanceof View &&
    right instanceof View &&
    left.kind === "dict_keys" &&
    right.kind === "dict_keys"
  ) {
    return left.dict.size === right.dict.size && left.dict.keys().every((key) => right.dict.has(key));
  }
  if (left instanceof Undefined && right instanceof Undefined) return true;
  return left === right;
}

const allEqual = (left: readonly Value[], right: readonly Value[]): boolean =>
  left.length === right.length && left.every((item, place) => equal(item, right[place]));

/**
 * Which of two values comes first: below 0 for the left, above 0 for the right.
 *
 * @param operator for the message
 * @throws TemplateError where the two have no order
 */
export function order(first: Value, second: Value, operator: string): number {
  const [left, right] = [plain(first), plain(second)];
  if (left instanceof Undefined) left.fail();
  if (right instanceof Undefined) right.fail();
  const a = asNumber(left);
  const b = asNumber(right);
  if (a !== undefined && b !== undefined) return a < b ? -1 : a > b ? 1 : a <= b ? 0 : Number.NaN;
  if (typeof left === "string" && typeof right === "string") return orderOfTexts(left, right);
  const [x, y] = [itemsOf(left), itemsOf(right)];
  if (x !== null && y !== null && Array.isArray(left) === Array.isArray(right)) {
    for (let place = 0; place < Math.min(x.length, y.length); place++) {
      if (!equal(x[place], y[place])) return order(x[place], y[place], operator);
    }
    return x.length - y.length;
  }
  throw typeError(
    `'${operator}' not supported between instances of '${typeName(left)}' and '${typeName(right)}'`,
  );
}

const itemsOf = (value: Value): readonly Value[] | null =>
  Array.isArray(value) ? value : value instanceof Tuple ? value.items : null;

/** By code points: characters beyond the basic plane come after U+FFFF. */
function orderOfTexts(left: string, right: string): number {
  const [a, b] = [pointsOf(left), pointsOf(right)];
  for (let place = 0; place < Math.min(a.length, b.length); place++) {
    const difference = a[place].codePointAt(0)! - b[place].codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** One comparison. */
export function compare(operator: Comparison["operator"], left: Value, right: Value): boolean {
  switch (operator) {
    case "==":
      return equal(left, right);
    case "!=":
      return !equal(left, right);
    case "in":
      return contains(right, left);
    case "not in":
      return !contains(right, left);
    case "<":
      return order(left, right, operator) < 0;
    case "<=":
      return order(left, right, operator) <= 0;
    case ">":
      return order(left, right, operator) > 0;
    case ">=":
      return order(left, right, operator) >= 0;
  }
}

/** `value in container` */
export function contains(holder: Value, held: Value): boolean {
  const [container, value] = [plain(holder), plain(held)];
  if (typeof container === "string") {
    if (typeof value !== "string") {
      if (value instanceof Undefined) value.fail();
      throw typeError(`'in <string>' requires string as left operand, not ${typeName(value)}`);
    }
    return container.includes(value);
  }
  if (container instanceof Dict) return container.has(value);
  if (container instanceof View && container.kind === "dict_keys") return container.dict.has(value);
  if (container instanceof Undefined && container.kind === "UndefinedError") return false;
  if (asNumber(container) !== undefined || container === null) {
    throw typeError(`argument of type '${typeName(container)}' is not iterable`);
  }
  for (const item of iterate(container)) if (equal(item, value)) return true;
  return false;
}

/** A place or bound as a plain number. */
export function asIndex(value: Value): number {
  const number = asNumber(value);
  if (typeof number !== "bigint") {
    if (value instanceof Undefined) value.fail();
    throw typeError(`'${typeName(value)}' object cannot be interpreted as an integer`);
  }
  if (BigInt.asIntN(64, number) !== number) {
    throw new TemplateError("OverflowError", "Python int too large to convert to C ssize_t");
  }
  return Number(number);
}

/** `value[start:stop:step]` */
export function sliceOf(sliced: Value, start: Value, stop: Value, step: Value): Value {
  const value = plain(sliced);
  const bound = (given: Value): number | null => {
    if (given === null) return null;
    const number = asNumber(given);
    if (typeof number !== "bigint") {
      throw typeError("slice indices must be integers or None or have an __index__ method");
    }
    return Number(number);
  };
  const points = typeof value === "string" ? pointsOf(value) : null;
  const length =
    points?.length ??
    (Array.isArray(value) || value instanceof Range ? value.length : null) ??
    (value instanceof Tuple ? value.items.length : null);
  if (value instanceof Dict) throw typeError("unhashable type: 'slice'");
  if (length === null) throw typeError(`'${typeName(value)}' object is not subscriptable`);
  const bounds = sliceBounds(length, bound(start), bound(stop), bound(step) ?? 1);
  if (value instanceof Range) {
    const { from, to, step: stride } = bounds;
    return new Range(value.start + from * value.step, value.start + to * value.step, value.step * stride);
  }
  const places = placesBetween(bounds);
  if (points !== null) return places.map((place) => points[place]).join("");
  if (Array.isArray(value)) return places.map((place) => value[place]);
  return new Tuple(places.map((place) => (value as Tuple).items[place]));
}

interface SliceBounds {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

/** Where a slice begins, and what it does not come to. */
function sliceBounds(length: number, start: number | null, stop: number | null, step: number): SliceBounds {
  if (step === 0) throw valueError("slice step cannot be zero");
  const least = step > 0 ? 0 : -1;
  const most = step > 0 ? length : length - 1;
  const clamp = (bound: number): number =>
    bound < 0 ? Math.max(bound + length, least) : Math.min(bound, most);
  const from = start === null ? (step > 0 ? least : most) : clamp(start);
  const to = stop === null ? (step > 0 ? most : least) : clamp(stop);
  return { from, to, step };
}

function placesBetween({ from, to, step }: SliceBounds): number[] {
  const places: number[] = [];
  for (let place = from; step > 0 ? place < to : place > to; place += step) places.push(place);
  return places;
}

/** `a ~ b`: both as texts. */
export function concatenate(parts: readonly Value[]): string {
  const texts = parts.map(strOf);
  checkLength(texts.reduce((sum, text) => sum + text.length, 0));
  return texts.join("");
}
