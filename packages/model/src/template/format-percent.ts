import { type FormatSpec, formatNumber, padded } from "./format-number.js";
import { asciiOf, reprOf, strOf } from "./python-repr.js";
import { asNumber, Dict, pointsOf, Range, Tuple, typeName, Undefined, type Value } from "./python-values.js";
import { TemplateError, typeError, valueError } from "./template-error.js";
import { checkLength } from "./template-limits.js";

const placeholder = /%(?:\(([^()]*)\))?([-+ #0]*)(\*|\d+)?(?:\.(\*|\d+))?[hlL]?([\s\S])?/gu;

/**
 * `text % values`
 *
 * @throws TemplateError in Python's words
 */
export function formatPercent(text: string, values: Value): string {
  const list = values instanceof Tuple ? values.items : [values];
  let used = 0;
  const take = (): Value => {
    if (used >= list.length) throw typeError("not enough arguments for format string");
    return list[used++];
  };
  let isNamed = false;
  const made = text.replaceAll(
    placeholder,
    (whole, key: string | undefined, flags: string, width?: string, places?: string, type?: string) => {
      if (type === undefined) throw valueError("incomplete format");
      if (type === "%" && whole === "%%") return "%";
      const size = width === "*" ? starOf(take()) : Number(width ?? 0);
      const precision =
        places === undefined
          ? whole.includes(".") && type !== "%"
            ? 0
            : null
          : places === "*"
            ? starOf(take())
            : Number(places);
      checkLength(Math.abs(size));
      const spec: FormatSpec = {
        fill: flags.includes("0") && !flags.includes("-") && !"srac".includes(type) ? "0" : " ",
        align:
          flags.includes("-") || size < 0 ? "<" : flags.includes("0") && !"srac".includes(type) ? "=" : ">",
        sign: flags.includes("+") ? "+" : flags.includes(" ") ? " " : "-",
        zero: false,
        alternate: flags.includes("#"),
        width: Math.abs(size),
        grouping: "",
        precision: null,
        type: "",
      };
      if (type === "%") return "%";
      let value: Value;
      if (key === undefined) value = take();
      else {
        if (!(values instanceof Dict)) throw typeError("format requires a mapping");
        isNamed = true;
        const found = values.get(key);
        if (found === undefined) throw new TemplateError("KeyError", reprOf(key));
        value = found;
      }
      return formatOne(value, type, precision, spec);
    },
  );
  // What can be asked for keys may be left unused: mappings, but lists as well.
  const isMapping = [Dict, Range, Undefined].some((kind) => values instanceof kind) || Array.isArray(values);
  if (!isNamed && used < list.length && !isMapping) {
    throw typeError("not all arguments converted during string formatting");
  }
  return made;
}

function formatOne(value: Value, type: string, precision: number | null, spec: FormatSpec): string {
  switch (type) {
    case "s":
    case "r":
    case "a": {
      const text = type === "s" ? strOf(value) : type === "a" ? asciiOf(value) : reprOf(value);
      const points = pointsOf(text);
      const cut = precision === null ? text : Array.from(points).slice(0, precision).join("");
      return padded(cut, spec, ">");
    }
    case "c": {
      if (typeof value === "string" && pointsOf(value).length === 1) return padded(value, spec, ">");
      const code = asNumber(value);
      if (typeof code !== "bigint") throw typeError("%c requires int or char");
      if (code < 0n || code > 0x10ffffn) {
        throw new TemplateError("OverflowError", "%c arg not in range(0x110000)");
      }
      return padded(String.fromCodePoint(Number(code)), spec, ">");
    }
    case "d":
    case "i":
    case "u":
    case "x":
    case "X":
    case "o": {
      const number = asNumber(value);
      const isReal = "diu".includes(type);
      if (number === undefined || (!isReal && typeof number === "number")) {
        if (value instanceof Undefined) value.fail();
        const wanted = isReal ? "a real number" : "an integer";
        throw typeError(`%${type} format: ${wanted} is required, not ${typeName(value)}`);
      }
      const whole = typeof number === "bigint" ? number : BigInt(Math.trunc(number));
      return formatNumber(whole, { ...spec, type: isReal ? "d" : type });
    }
    case "e":
    case "E":
    case "f":
    case "F":
    case "g":
    case "G": {
      const number = asNumber(value);
      if (number === undefined) throw typeError(`must be real number, not ${typeName(value)}`);
      return formatNumber(Number(number), { ...spec, type, precision: precision ?? 6 });
    }
    default:
      throw valueError(`unsupported format character '${type}' (0x${type.codePointAt(0)!.toString(16)})`);
  }
}

/** A width or precision that is given as a value, for `*`. */
function starOf(value: Value): number {
  const number = asNumber(value);
  if (typeof number !== "bigint") throw typeError("* wants int");
  return Number(number);
}
