import { bindArguments } from "./bind-arguments.js";
import type { Access } from "./format-text.js";
import { asIndex, equal, sliceOf } from "./operations.js";
import { reprOf } from "./python-repr.js";
import {
  asNumber,
  Callable,
  type CallArguments,
  Dict,
  Namespace,
  plain,
  pointsOf,
  Range,
  Tuple,
  typeName,
  Undefined,
  type Value,
  View,
} from "./python-values.js";
import { textMethod } from "./text-methods.js";
import { TemplateError, typeError, valueError } from "./template-error.js";

/** Methods that would change a value, which the sandbox of Transformers refuses. */
const CHANGES: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["list", new Set(["append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"])],
  ["dict", new Set(["clear", "pop", "popitem", "setdefault", "update"])],
]);

/** A slice between brackets, before it is applied. */
export class Slice {
  constructor(
    readonly start: Value,
    readonly stop: Value,
    readonly step: Value,
  ) {}
}

/** `value.name`: what the class has, then the key of a mapping, as Jinja looks it up. */
export function attributeOf(object: Value, name: string): Value {
  const value = plain(object);
  if (value instanceof Undefined) value.fail();
  const own = ownAttribute(value, name);
  if (own !== undefined) return own;
  const item = value instanceof Dict ? value.get(name) : undefined;
  return item === undefined ? missing(value, name) : item;
}

/** `value[key]`: the key of a mapping or place of a sequence, then what the class has. */
export function itemOf(object: Value, key: Value | Slice): Value {
  const value = plain(object);
  if (value instanceof Undefined) value.fail();
  if (key instanceof Slice) return sliceOf(value, key.start, key.stop, key.step);
  const item = lookUp(value, key);
  if (item !== undefined) return item;
  if (typeof key === "string") {
    const own = ownAttribute(value, key);
    return own === undefined ? missing(value, key) : own;
  }
  if (key instanceof Undefined && !(value instanceof Dict)) key.fail();
  return new Undefined(
    `${value === null ? "None" : `${typeName(value)} object`} has no element ${reprOf(key)}`,
  );
}

function lookUp(value: Value, key: Value): Value | undefined {
  if (value instanceof Dict) {
    try {
      return value.get(key);
    } catch (error) {
      if (error instanceof TemplateError) return undefined;
      throw error;
    }
  }
  const place = asNumber(key);
  if (typeof place !== "bigint") return undefined;
  const at = (length: number): number => (place < 0n ? Number(place) + length : Number(place));
  if (typeof value === "string") {
    const points = pointsOf(value);
    return points[at(points.length)];
  }
  if (Array.isArray(value)) return value[at(value.length)];
  if (value instanceof Tuple) return value.items[at(value.items.length)];
  if (value instanceof Range) {
    const index = at(value.length);
    return index >= 0 && index < value.length ? value.at(index) : undefined;
  }
  return undefined;
}

const described = (value: Value): string => (value === null ? "None" : `'${classNameOf(value)} object'`);

const classNameOf = (value: Value): string => {
  const name = typeName(value);
  return name === "Namespace" ? "jinja2.utils.Namespace" : name;
};

function missing(value: Value, name: string): Undefined {
  return new Undefined(`${described(value)} has no attribute '${name}'`);
}

/** `{0.name}` and `{0[key]}` in a format. */
export const access: Access = { attribute: attributeOf, item: itemOf };

function ownAttribute(value: Value, name: string): Value | undefined {
  if (name.startsWith("__")) return unsafe(value, name);
  if (value instanceof Namespace) return value.attributes.get(name);
  if (value instanceof Callable) return value.attribute(name);
  if (value instanceof Tuple && value.names.includes(name)) return value.items[value.names.indexOf(name)];
  if (CHANGES.get(typeName(value))?.has(name)) return unsafe(value, name);
  const part = numberPart(value, name);
  if (part !== undefined) return part;
  const method =
    typeof value === "string"
      ? textMethod(value, name, access)
      : value instanceof Dict
        ? dictMethod(value, name)
        : Array.isArray(value)
          ? sequenceMethod(value, name, "list")
          : value instanceof Tuple
            ? sequenceMethod(value.items, name, "tuple")
            : value instanceof Range
              ? sequenceMethod(
                  Array.from({ length: value.length }, (_, place) => value.at(place)),
                  name,
                  "range",
                )
              : numberMethod(value, name);
  return method === undefined ? undefined : new Callable(name, method);
}

const unsafe = (value: Value, name: string): Undefined =>
  new Undefined(`access to attribute '${name}' of '${typeName(value)}' object is unsafe.`, "SecurityError");

type BoundMethod = (args: CallArguments) => Value;

function dictMethod(dict: Dict, name: string): BoundMethod | undefined {
  switch (name) {
    case "items":
      return (args) => (bindArguments(name, [], args), new View("dict_items", dict));
    case "keys":
      return (args) => (bindArguments(name, [], args), new View("dict_keys", dict));
    case "values":
      return (args) => (bindArguments(name, [], args), new View("dict_values", dict));
    case "copy":
      return (args) => (bindArguments(name, [], args), new Dict(dict.entries()));
    case "get":
      return (args) => {
        const bound = bindArguments(name, ["key", "default?"], args);
        const item = dict.get(bound.get("key"));
        return item === undefined ? bound.get("default") : item;
      };
    default:
      return undefined;
  }
}

function sequenceMethod(items: readonly Value[], name: string, kind: string): BoundMethod | undefined {
  switch (name) {
    case "copy":
      return kind === "list" ? () => [...items] : undefined;
    case "count":
      return (args) => {
        const wanted = bindArguments(name, ["value"], args).get("value");
        return BigInt(items.filter((item) => equal(item, wanted)).length);
      };
    case "index":
      return (args) => {
        const bound = bindArguments(name, ["value", "start?", "stop?"], args);
        const start = bound.has("start") ? asIndex(bound.get("start")) : 0;
        const stop = bound.has("stop") ? asIndex(bound.get("stop")) : items.length;
        const from = start < 0 ? Math.max(0, start + items.length) : start;
        const to = stop < 0 ? stop + items.length : stop;
        const wanted = bound.get("value");
        const place = items.findIndex((item, at) => at >= from && at < to && equal(item, wanted));
        if (place === -1) {
          throw valueError(
            kind === "tuple" ? "tuple.index(x): x not in tuple" : `${reprOf(wanted)} is not in ${kind}`,
          );
        }
        return BigInt(place);
      };
    default:
      return undefined;
  }
}

/** What a number of Python has besides methods. */
function numberPart(value: Value, name: string): Value | undefined {
  const number = asNumber(value);
  if (number === undefined) return undefined;
  const isWhole = typeof number === "bigint";
  if (name === "real" || (isWhole && name === "numerator")) return number;
  if (name === "imag") return isWhole ? 0n : 0;
  return isWhole && name === "denominator" ? 1n : undefined;
}

function numberMethod(value: Value, name: string): BoundMethod | undefined {
  if (typeof value === "number" && name === "is_integer") return () => Number.isInteger(value);
  if (typeof value === "bigint" && name === "bit_length") {
    return () => BigInt(value === 0n ? 0 : (value < 0n ? -value : value).toString(2).length);
  }
  return undefined;
}

/** Calls a value. @throws TemplateError where it cannot be called */
export function callValue(callee: Value, args: CallArguments): Value {
  if (callee instanceof Undefined) callee.fail();
  if (callee instanceof Callable && callee.isCallable) return callee.call(args);
  throw typeError(`'${typeName(callee)}' object is not callable`);
}
