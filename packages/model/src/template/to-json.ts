import { reprOfFloat, strOf } from "./python-repr.js";
import { Dict, plain, Tuple, typeName, Undefined, type Value } from "./python-values.js";
import { typeError, valueError } from "./template-error.js";

/** How `tojson` writes; the names are those of Python's `json.dumps`. */
export interface JsonOptions {
  readonly ensureAscii: boolean;
  /** What a level is indented by; null for one line. */
  readonly indent: string | null;
  readonly itemSeparator: string;
  readonly keySeparator: string;
  readonly sortKeys: boolean;
}

/**
 * `json.dumps(value, …)`, as Transformers' `tojson` calls it: nothing is escaped for HTML.
 *
 * @throws TemplateError for what JSON does not have
 */
export function toJson(given: Value, options: JsonOptions, depth = 0): string {
  const value = plain(given);
  if (depth > 200) throw valueError("Circular reference detected");
  if (value === null) return "null";
  switch (typeof value) {
    case "boolean":
      return String(value);
    case "bigint":
      return String(value);
    case "number":
      return Number.isFinite(value)
        ? reprOfFloat(value)
        : Number.isNaN(value)
          ? "NaN"
          : value > 0
            ? "Infinity"
            : "-Infinity";
    case "string":
      return quoted(value, options.ensureAscii);
    default:
      break;
  }
  const inside = (item: Value): string => toJson(item, options, depth + 1);
  if (Array.isArray(value) || value instanceof Tuple) {
    const items = Array.isArray(value) ? value : value.items;
    return joined("[", items.map(inside), "]", options, depth);
  }
  if (value instanceof Dict) {
    const entries = value.entries().map(([key, item]) => [keyOf(key), item] as const);
    if (options.sortKeys) entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    const items = entries.map(
      ([key, item]) => `${quoted(key, options.ensureAscii)}${options.keySeparator}${inside(item)}`,
    );
    return joined("{", items, "}", options, depth);
  }
  if (value instanceof Undefined) throw typeError("Object of type Undefined is not JSON serializable");
  throw typeError(`Object of type ${typeName(value)} is not JSON serializable`);
}

function joined(
  open: string,
  items: readonly string[],
  close: string,
  { indent, itemSeparator }: JsonOptions,
  depth: number,
): string {
  if (items.length === 0) return open + close;
  if (indent === null) return open + items.join(itemSeparator) + close;
  const line = `\n${indent.repeat(depth + 1)}`;
  return `${open}${line}${items.join(`${itemSeparator}${line}`)}\n${indent.repeat(depth)}${close}`;
}

function keyOf(key: Value): string {
  if (typeof key === "string") return key;
  if (key === null) return "null";
  if (typeof key === "boolean") return String(key);
  if (typeof key === "bigint" || typeof key === "number") return strOf(key);
  throw typeError(`keys must be str, int, float, bool or None, not ${typeName(key)}`);
}

const shorts: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\f": "\\f",
  "\b": "\\b",
};

function quoted(text: string, ensureAscii: boolean): string {
  // eslint-disable-next-line no-control-regex -- these are what JSON escapes
  const special = ensureAscii ? /["\\]|[^ -~]/g : /["\\\x00-\x1f]/g;
  return `"${text.replaceAll(special, (unit) => shorts[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)}"`;
}
