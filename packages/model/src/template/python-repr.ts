import {
  Callable,
  Dict,
  Markup,
  Namespace,
  Range,
  Stream,
  Tuple,
  Undefined,
  type Value,
  View,
} from "./python-values.js";
import { valueError } from "./template-error.js";

/** `str(value)` */
export function strOf(value: Value): string {
  if (typeof value === "string") return value;
  if (value instanceof Markup) return value.text;
  if (value instanceof Undefined) {
    if (value.kind !== "UndefinedError") value.fail();
    return "";
  }
  return reprOf(value);
}

/** `repr(value)` */
export function reprOf(value: Value, depth = 0): string {
  if (depth > 100) throw valueError("a value is nested too deeply to be written");
  if (value === null) return "None";
  switch (typeof value) {
    case "boolean":
      return value ? "True" : "False";
    case "bigint":
      return reprOfWhole(value);
    case "number":
      return reprOfFloat(value);
    case "string":
      return reprOfText(value);
    default:
      break;
  }
  const all = (items: readonly Value[]): string => items.map((item) => reprOf(item, depth + 1)).join(", ");
  if (value instanceof Markup) return `Markup(${reprOfText(value.text)})`;
  if (Array.isArray(value)) return `[${all(value)}]`;
  if (value instanceof Tuple)
    return value.items.length === 1 ? `(${all(value.items)},)` : `(${all(value.items)})`;
  if (value instanceof Dict) {
    return `{${value
      .entries()
      .map(([key, item]) => `${reprOf(key, depth + 1)}: ${reprOf(item, depth + 1)}`)
      .join(", ")}}`;
  }
  if (value instanceof Range) {
    const step = value.step === 1 ? "" : `, ${value.step}`;
    return `range(${value.start}, ${value.stop}${step})`;
  }
  if (value instanceof View) return `${value.kind}([${all(value.items())}])`;
  if (value instanceof Namespace) return `<Namespace {${namesOf(value, depth)}}>`;
  if (value instanceof Stream) return `<${value.kind} object>`;
  if (value instanceof Callable) return value.shown;
  return "Undefined";
}

const namesOf = ({ attributes }: Namespace, depth: number): string =>
  Array.from(attributes, ([name, item]) => `${reprOfText(name)}: ${reprOf(item, depth + 1)}`).join(", ");

/** Most digits of a whole number that Python writes. */
const MOST_DIGITS = 4300;

function reprOfWhole(value: bigint): string {
  const text = String(value);
  if (text.length - (value < 0n ? 1 : 0) > MOST_DIGITS) {
    throw valueError(`Exceeds the limit (${MOST_DIGITS} digits) for integer string conversion`);
  }
  return text;
}

/** A float as Python writes it: the shortest digits that give it back, with an exponent below 1e-4 and from 1e16 on. */
export function reprOfFloat(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const size = Math.abs(value);
  if (size >= 1e16 || size < 1e-4) {
    const [digits, exponent] = value.toExponential().split("e");
    const sign = exponent.startsWith("-") ? "-" : "+";
    return `${digits}e${sign}${exponent.slice(1).padStart(2, "0")}`;
  }
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** What Python does not write as it is: controls, separators but the space, formats, surrogates, unassigned. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;
const shortEscapes: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function reprOfText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replaceAll("\\", "\\\\").replaceAll(quote, `\\${quote}`);
  const shown = escaped.replaceAll(unprintable, (character) => {
    const short = shortEscapes[character];
    if (short !== undefined) return short;
    const code = character.codePointAt(0)!;
    if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
    return code < 0x10000
      ? `\\u${code.toString(16).padStart(4, "0")}`
      : `\\U${code.toString(16).padStart(8, "0")}`;
  });
  return `${quote}${shown}${quote}`;
}

/** Whether Python writes every character of a text as it is. */
export const isPrintable = (text: string): boolean => text.search(unprintable) === -1;

/** `ascii(value)`: what `repr` gives, with other characters than those of ASCII escaped. */
export const asciiOf = (value: Value): string =>
  reprOf(value).replaceAll(/[^\0-\x7f]/gu, (character) => {
    const code = character.codePointAt(0)!;
    const digits = code.toString(16);
    return code < 0x100
      ? `\\x${digits.padStart(2, "0")}`
      : code < 0x10000
        ? `\\u${digits.padStart(4, "0")}`
        : `\\U${digits.padStart(8, "0")}`;
  });
