import { reprOfFloat } from "./python-repr.js";
import { pointCount } from "./python-values.js";
import { TemplateError, valueError } from "./template-error.js";
import { checkLength } from "./template-limits.js";

/** How Python's format mini-language asks for a value: `[[fill]align][sign][#][0][width][grouping][.precision][type]`. */
export interface FormatSpec {
  readonly fill: string;
  readonly align: "<" | ">" | "^" | "=" | "";
  /** Whether a 0 stands before the width, which fills numbers behind their sign. */
  readonly zero: boolean;
  readonly sign: "+" | "-" | " ";
  readonly alternate: boolean;
  readonly width: number;
  readonly grouping: "," | "_" | "";
  readonly precision: number | null;
  readonly type: string;
}

const spec = /^(?:([\s\S])?([<>=^]))?([-+ ])?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([a-zA-Z%])?$/u;

/** @throws TemplateError where the text is no format */
export function parseFormatSpec(text: string): FormatSpec {
  const match = spec.exec(text);
  if (match === null) throw valueError("Invalid format specifier");
  const [, fill, align, sign, alternate, zero, width, grouping, precision, type] = match;
  const size = Number(width ?? 0);
  checkLength(size);
  return {
    fill: fill ?? (zero === undefined ? " " : "0"),
    align: (align ?? "") as FormatSpec["align"],
    zero: zero !== undefined,
    sign: (sign ?? "-") as FormatSpec["sign"],
    alternate: alternate !== undefined,
    width: size,
    grouping: (grouping ?? "") as FormatSpec["grouping"],
    precision: precision === undefined ? null : Math.min(Number(precision), 1000),
    type: type ?? "",
  };
}

/** A text, its fill on the side away from where it is aligned. */
export function padded(text: string, { fill, align, width }: FormatSpec, usual: "<" | ">" | "="): string {
  const missing = width - pointCount(text);
  if (missing <= 0) return text;
  switch (align === "" ? usual : align) {
    case "<":
      return text + fill.repeat(missing);
    case "^": {
      const before = Math.floor(missing / 2);
      return fill.repeat(before) + text + fill.repeat(missing - before);
    }
    case "=": {
      const sign = /^[-+ ]?(?:0[xXobB])?/u.exec(text)![0];
      return sign + fill.repeat(missing) + text.slice(sign.length);
    }
    default:
      return fill.repeat(missing) + text;
  }
}

/** A number by a format. @throws TemplateError where the type does not fit */
export function formatNumber(value: bigint | number, format: FormatSpec): string {
  const { type, alternate, grouping, precision } = format;
  const isNegative = typeof value === "bigint" ? value < 0n : value < 0 || Object.is(value, -0);
  const size = isNegative ? -value : value;
  const sign = isNegative ? "-" : format.sign === "-" ? "" : format.sign;
  let digits: string;
  const bases: Readonly<Record<string, readonly [number, string]>> = {
    b: [2, "0b"],
    o: [8, "0o"],
    x: [16, "0x"],
    X: [16, "0X"],
    d: [10, ""],
    n: [10, ""],
  };
  if (typeof size === "bigint" && (type === "" || type in bases)) {
    if (precision !== null) throw valueError("Precision not allowed in integer format specifier");
    const [base, prefix] = bases[type === "" ? "d" : type];
    digits = size.toString(base);
    if (type === "X") digits = digits.toUpperCase();
    digits = grouped(digits, grouping, base === 10 ? 3 : 4);
    if (alternate) digits = prefix + digits;
  } else if (typeof size === "bigint" && type === "c") {
    if (isNegative || size > 0x10ffffn) {
      throw new TemplateError("OverflowError", "%c arg not in range(0x110000)");
    }
    digits = String.fromCodePoint(Number(size));
    return padded(digits, format, "<");
  } else {
    digits = floatDigits(Number(size), type, precision, alternate);
    const [whole, ...rest] = digits.split(/(?=[.e%])/u);
    digits = grouped(whole, grouping, 3) + rest.join("");
  }
  const usual = format.zero ? "=" : ">";
  if (grouping !== "" && format.fill === "0" && (format.align || usual) === "=") {
    // Zeros in front are grouped as well.
    while (sign.length + digits.length < format.width) {
      const plain = digits.replaceAll(grouping, "");
      digits = grouped(`0${plain}`, grouping, 3);
    }
    return sign + digits;
  }
  return padded(sign + digits, format, usual);
}

function grouped(digits: string, mark: string, size: number): string {
  if (mark === "" || !/^[\da-fA-F]+$/.test(digits)) return digits;
  return digits.replaceAll(new RegExp(`(?<=.)(?=(?:.{${size}})+$)`, "gu"), mark);
}

/** A float that is not negative by a type of a format: `e f g %`, their capitals, or none. */
export function floatDigits(
  value: number,
  type: string,
  precision: number | null,
  alternate = false,
): string {
  const kind = type.toLowerCase();
  if (!Number.isFinite(value)) {
    const name = Number.isNaN(value) ? "nan" : "inf";
    return (type !== kind ? name.toUpperCase() : name) + (kind === "%" ? "%" : "");
  }
  let text: string;
  switch (kind) {
    case "f":
      text = fixed(value, precision ?? 6);
      break;
    case "%":
      return `${fixed(value * 100, precision ?? 6)}%`;
    case "e":
      text = exponential(value, precision ?? 6);
      break;
    case "g":
    case "n":
      text = general(value, precision ?? 6, alternate);
      break;
    case "":
      text = precision === null ? reprOfFloat(value) : general(value, precision, false, true);
      break;
    default:
      throw valueError(`Unknown format code '${type}' for object of type 'float'`);
  }
  return type !== kind ? text.toUpperCase() : text;
}

/** Decimal digits, a tie going to the even one as the exact value of the float says. */
export function fixed(value: number, places: number): string {
  // toFixed writes the exact decimal expansion, rounded, up to 100 places and below 1e21.
  if (value < 1e21 && places <= 100) {
    const rounded = value.toFixed(places);
    return tieToEven(value, places) ?? rounded;
  }
  const whole = BigInt(value);
  return places === 0 ? String(whole) : `${whole}.${"0".repeat(places)}`;
}

/** What a tie rounds to; null where the value is none. `toFixed` rounds ties up. */
function tieToEven(value: number, places: number): string | null {
  if (places > 20) return null;
  const exact = value.toFixed(Math.min(100, places + 30));
  const cut = exact.length - 30;
  if (!/^50*$/u.test(exact.slice(cut))) return null;
  const below = exact.slice(0, cut).replace(/\.$/u, "");
  const last = Number(below.at(-1));
  return last % 2 === 0 ? below : null;
}

function exponential(value: number, places: number): string {
  const [digits, exponent] = value.toExponential(Math.min(places, 100)).split("e");
  return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
}

function general(value: number, given: number, alternate: boolean, keepsPoint = false): string {
  const precision = given === 0 ? 1 : given;
  if (value === 0) return keepsPoint ? "0.0" : alternate ? `0.${"0".repeat(precision - 1)}` : "0";
  const exponent = Number(value.toExponential(Math.min(precision - 1, 100)).split("e")[1]);
  const isScientific = exponent < -4 || exponent >= (keepsPoint ? precision - 1 || 1 : precision);
  let text = isScientific
    ? exponential(value, precision - 1)
    : fixed(value, Math.max(0, precision - 1 - exponent));
  if (!alternate) {
    const [digits, power] = text.split("e");
    const trimmed = digits.includes(".") ? digits.replace(/\.?0+$/u, "") : digits;
    text = power === undefined ? trimmed : `${trimmed}e${power}`;
  }
  return keepsPoint && !/[.e]/u.test(text) ? `${text}.0` : text;
}
