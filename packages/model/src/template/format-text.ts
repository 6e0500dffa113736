import { formatNumber, padded, parseFormatSpec } from "./format-number.js";
import { asciiOf, reprOf, strOf } from "./python-repr.js";
import { asNumber, type CallArguments, pointsOf, typeName, Undefined, type Value } from "./python-values.js";
import { TemplateError, typeError, valueError } from "./template-error.js";

/** How `{0.name}` and `{0[key]}` look into a value. */
export interface Access {
  readonly attribute: (value: Value, name: string) => Value;
  readonly item: (value: Value, key: Value) => Value;
}

/**
 * `text.format(*positional, **named)`
 *
 * @throws TemplateError in Python's words
 */
export function formatText(text: string, args: CallArguments, access: Access, depth = 2): string {
  if (depth < 0) throw valueError("Max string recursion exceeded");
  let made = "";
  let automatic = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "}") {
      if (text[at + 1] !== "}") throw valueError("Single '}' encountered in format string");
      made += "}";
      at++;
    } else if (character === "{" && text[at + 1] === "{") {
      made += "{";
      at++;
    } else if (character === "{") {
      const end = closingBrace(text, at);
      const [field, conversion, spec] = partsOf(text.slice(at + 1, end));
      const name = /^[^.[]*/u.exec(field)![0];
      const path = field.slice(name.length);
      const key = name === "" ? String(automatic++) : name;
      const value = lookIn(valueOf(key, args), path, access);
      const inner = formatText(spec, args, access, depth - 1);
      made += formatValue(converted(value, conversion), inner);
      at = end;
    } else made += character;
  }
  return made;
}

function closingBrace(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    if (text[at] === "{") depth++;
    else if (text[at] === "}" && --depth === 0) return at;
  }
  throw valueError(
    start === text.length - 1
      ? "Single '{' encountered in format string"
      : "expected '}' before end of string",
  );
}

function partsOf(field: string): readonly [field: string, conversion: string, spec: string] {
  const match = /^((?:[^!:[]|\[[^\]]*\])*)(?:!([\s\S]))?(?::([\s\S]*))?$/u.exec(field);
  if (match === null) throw valueError("expected ':' after conversion specifier");
  return [match[1], match[2] ?? "", match[3] ?? ""];
}

function valueOf(name: string, { positional, named }: CallArguments): Value {
  if (/^\d+$/u.test(name)) {
    const place = Number(name);
    if (place >= positional.length) {
      throw new TemplateError(
        "IndexError",
        `Replacement index ${place} out of range for positional args tuple`,
      );
    }
    return positional[place];
  }
  const value = named.get(name);
  if (value === undefined) throw new TemplateError("KeyError", reprOf(name));
  return value;
}

function lookIn(start: Value, path: string, access: Access): Value {
  let value = start;
  for (const [, name, key] of path.matchAll(/\.([^.[]+)|\[([^\]]*)\]/gu)) {
    if (name !== undefined) value = access.attribute(value, name);
    else value = access.item(value, /^\d+$/u.test(key) ? BigInt(key) : key);
  }
  return value;
}

function converted(value: Value, conversion: string): Value {
  if (conversion === "") return value;
  if (conversion === "s") return strOf(value);
  if (conversion === "r") return reprOf(value);
  if (conversion === "a") return asciiOf(value);
  throw valueError(`Unknown conversion specifier ${conversion}`);
}

/** `format(value, spec)` */
export function formatValue(value: Value, text: string): string {
  if (text === "") return strOf(value);
  const spec = parseFormatSpec(text);
  const number = asNumber(value);
  if (number !== undefined) {
    if (spec.type === "s")
      throw valueError(`Unknown format code 's' for object of type '${typeName(value)}'`);
    return formatNumber(number, spec);
  }
  if (typeof value === "string") {
    const shown = value;
    if (spec.type !== "" && spec.type !== "s") {
      throw valueError(`Unknown format code '${spec.type}' for object of type '${typeName(value)}'`);
    }
    const refused = { "+": "Sign", " ": "Space", "-": null }[spec.sign];
    if (refused !== null) throw valueError(`${refused} not allowed in string format specifier`);
    if (spec.alternate) throw valueError("Alternate form (#) not allowed in string format specifier");
    if (spec.grouping !== "") throw valueError(`Cannot specify '${spec.grouping}' with 's'.`);
    if (spec.align === "=") throw valueError("'=' alignment not allowed in string format specifier");
    const cut =
      spec.precision === null ? shown : Array.from(pointsOf(shown)).slice(0, spec.precision).join("");
    return padded(cut, spec, "<");
  }
  if (value instanceof Undefined) value.fail();
  throw typeError(`unsupported format string passed to ${typeName(value)}.__format__`);
}
