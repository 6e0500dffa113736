import { stripEnd, stripStart } from "@lathe/files";
import { access, attributeOf, itemOf } from "./attributes.js";
import { bindArguments, type BoundArguments } from "./bind-arguments.js";
import { formatPercent } from "./format-percent.js";
import { asIndex, equal, escapeHtml, operate, order } from "./operations.js";
import { strOf, reprOf } from "./python-repr.js";
import {
  asNumber,
  type CallArguments,
  Dict,
  isTrue,
  iterate,
  lengthOf,
  Markup,
  plain,
  pointCount,
  Stream,
  Tuple,
  typeName,
  Undefined,
  type Value,
  View,
} from "./python-values.js";
import { capitalize, replaceSome, textMethod } from "./text-methods.js";
import { TemplateError, typeError, valueError } from "./template-error.js";
import { checkLength } from "./template-limits.js";
import { toJson } from "./to-json.js";
import { wrapLine } from "./wrap-line.js";

/** What filters call that go through values with another filter or test. */
export interface FilterContext {
  readonly filter: (name: string, value: Value, args: CallArguments) => Value;
  readonly test: (name: string, value: Value, args: readonly Value[]) => boolean;
}

type Filter = (value: Value, args: BoundArguments, context: FilterContext) => Value;
type RawFilter = (value: Value, args: CallArguments, context: FilterContext) => Value;

/** Calls a method of a text. */
const callText = (text: string, name: string, ...positional: readonly Value[]): Value =>
  textMethod(text, name, access)!({ positional, named: new Map() });

/** `"a.b.0"` or a place: how filters look for an attribute. */
function getter(attribute: Value, otherwise?: Value): (value: Value) => Value {
  if (attribute === null) return (value) => value;
  const path =
    typeof attribute === "string"
      ? attribute.split(".").map((part): Value => (/^\d+$/u.test(part) ? BigInt(part) : part))
      : [attribute];
  return (start) => {
    let value = start;
    for (const part of path) {
      value = itemOf(value, part);
      if (value instanceof Undefined && otherwise !== undefined && otherwise !== null) return otherwise;
    }
    return value;
  };
}

const folded = (value: Value, isCased: boolean): Value =>
  typeof value === "string" && !isCased ? value.toLowerCase() : value;

/** Sorted, equal ones in the order in which they came. */
function sorted(values: readonly Value[], keyOf: (value: Value) => Value, isReversed: boolean): Value[] {
  const keyed = values.map((value) => [keyOf(value), value] as const);
  const sign = isReversed ? -1 : 1;
  return keyed.sort(([a], [b]) => sign * order(a, b, "<")).map(([, value]) => value);
}

/** A list of attributes, so that values which are not there are compared for being the same alone. */
function keyOfAttributes(attribute: Value, isCased: boolean): (value: Value) => Value {
  const names = typeof attribute === "string" ? attribute.split(",") : [attribute];
  const getters = names.map((name) => getter(name));
  return (value) => getters.map((get) => folded(get(value), isCased));
}

function extreme(value: Value, args: BoundArguments, isMost: boolean): Value {
  const items = Array.from(iterate(value));
  if (items.length === 0) return new Undefined("No aggregated item, sequence was empty.");
  const isCased = isTrue(args.get("case_sensitive", false));
  const get = getter(args.get("attribute"));
  const keyOf = (item: Value): Value => folded(get(item), isCased);
  return items.reduce((best, item) => {
    const difference = order(keyOf(item), keyOf(best), isMost ? ">" : "<");
    return (isMost ? difference > 0 : difference < 0) ? item : best;
  });
}

/** `select`, `reject` and their kin for attributes. */
function chosen(isKept: boolean, byAttribute: boolean): RawFilter {
  return (value, { positional, named }, context) => {
    if (named.size > 0) throw typeError("the filter takes no keyword arguments");
    const [attribute] = positional;
    if (byAttribute && positional.length === 0) {
      throw new TemplateError("FilterArgumentError", "Missing parameter for attribute name");
    }
    const get = byAttribute ? getter(attribute) : (item: Value) => item;
    const [name, ...rest] = byAttribute ? positional.slice(1) : positional;
    const meets = (item: Value): boolean =>
      name === undefined ? isTrue(item) : context.test(strOf(name), item, rest);
    return new Stream(
      (function* () {
        // What is empty or none is no error here.
        if (!isTrue(value)) return;
        for (const item of iterate(value)) if (meets(get(item)) === isKept) yield item;
      })(),
    );
  };
}

const map: RawFilter = (value, { positional, named }, context) => {
  if (positional.length === 0 && named.has("attribute")) {
    const get = getter(named.get("attribute")!, named.get("default"));
    for (const name of named.keys()) {
      if (name !== "attribute" && name !== "default") {
        throw new TemplateError("FilterArgumentError", `Unexpected keyword argument '${name}'`);
      }
    }
    return new Stream(mapped(value, get));
  }
  const [name, ...rest] = positional;
  if (name === undefined) throw new TemplateError("FilterArgumentError", "map requires a filter argument");
  return new Stream(mapped(value, (item) => context.filter(strOf(name), item, { positional: rest, named })));
};

function* mapped(value: Value, change: (item: Value) => Value): Generator<Value, void, undefined> {
  if (!isTrue(value)) return;
  for (const item of iterate(value)) yield change(item);
}

function rounded(value: Value, args: BoundArguments): Value {
  const places = asIndex(args.get("precision", 0n));
  const method = strOf(args.get("method", "common"));
  if (!["common", "ceil", "floor"].includes(method)) {
    throw new TemplateError("FilterArgumentError", "method must be common, ceil or floor");
  }
  const number = asNumber(value);
  if (number === undefined) {
    if (value instanceof Undefined) value.fail();
    throw typeError(`type ${typeName(value)} doesn't define __round__ method`);
  }
  if (method === "common")
    return typeof number === "bigint" ? roundWhole(number, places) : roundTo(number, places);
  const factor = 10 ** places;
  const scaled = Number(number) * factor;
  return (method === "ceil" ? Math.ceil(scaled) : Math.floor(scaled)) / factor;
}

/** A whole number stays one; to tens and beyond it is rounded, a tie to the even. */
function roundWhole(number: bigint, places: number): bigint {
  if (places >= 0) return number;
  const unit = 10n ** BigInt(-places);
  const half = unit / 2n;
  const remainder = ((number % unit) + unit) % unit;
  const below = number - remainder;
  if (remainder < half) return below;
  if (remainder > half) return below + unit;
  return (below / unit) % 2n === 0n ? below : below + unit;
}

/** Python's `round`: to the nearest float with so many decimals, judged by the exact value. */
function roundTo(number: number, places: number): number {
  if (!Number.isFinite(number)) return number;
  if (places < 0) {
    const unit = 10 ** -places;
    const scaled = number / unit;
    const nearest = Math.round(scaled);
    return (Math.abs(scaled % 1) === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest) * unit;
  }
  if (places > 100) return number;
  const size = Math.abs(number);
  const text = size < 1e21 ? exactRound(size, places) : String(size);
  return number < 0 || Object.is(number, -0) ? -Number(text) : Number(text);
}

function exactRound(size: number, places: number): string {
  const exact = size.toFixed(Math.min(100, places + 30));
  const cut = exact.length - (Math.min(100, places + 30) - places);
  const rest = exact.slice(cut).replace(/^\./u, "");
  const below = exact.slice(0, cut).replace(/\.$/u, "");
  const isTie = /^50*$/u.test(rest);
  if (isTie && Number(below.at(-1)) % 2 === 0) return below;
  return size.toFixed(places);
}

function toWhole(value: Value, args: BoundArguments): Value {
  const otherwise = args.get("default", 0n);
  const base = asIndex(args.get("base", 10n));
  const number = asNumber(value);
  if (typeof value === "string") {
    const text = stripEnd(stripStart(value)).replaceAll(/(?<=[\da-zA-Z])_(?=[\da-zA-Z])/gu, "");
    return wholeOf(text, base) ?? floatToWhole(text) ?? otherwise;
  }
  if (number === undefined) {
    if (value instanceof Undefined) value.fail();
    return otherwise;
  }
  if (typeof number === "bigint") return number;
  return Number.isFinite(number) ? BigInt(Math.trunc(number)) : otherwise;
}

const PREFIXES: Readonly<Record<number, string>> = { 2: "0b", 8: "0o", 16: "0x" };

function wholeOf(text: string, base: number): bigint | undefined {
  const match = /^([+-]?)(.+)$/u.exec(text);
  if (match === null) return undefined;
  const [, sign, given] = match;
  const prefix = PREFIXES[base];
  const lower = given.toLowerCase();
  const digits = prefix !== undefined && lower.startsWith(prefix) ? lower.slice(2) : lower;
  if (digits === "" || digits.length > 5000) return undefined;
  let value = 0n;
  for (const character of digits) {
    const digit = /\p{Nd}/u.test(character)
      ? digitOf(character)
      : character >= "a" && character <= "z"
        ? character.charCodeAt(0) - 87
        : 99;
    if (digit >= base) return undefined;
    value = value * BigInt(base) + BigInt(digit);
  }
  return sign === "-" ? -value : value;
}

/** The value of a decimal digit of any script: their blocks begin with a zero. */
function digitOf(character: string): number {
  const code = character.codePointAt(0)!;
  let zero = code;
  while (code - zero < 9 && /\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero--;
  return code - zero;
}

const floatText = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?|nan)$/iu;

function floatOf(given: string): number | undefined {
  const text = given
    .replaceAll(/[^\P{Nd}0-9]/gu, (digit) => String(digitOf(digit)))
    .replaceAll(/(?<=\d)_(?=\d)/gu, "");
  if (!floatText.test(text)) return undefined;
  const lower = text.toLowerCase();
  if (lower.includes("inf")) return lower.startsWith("-") ? -Infinity : Infinity;
  return lower.includes("nan") ? Number.NaN : Number(text);
}

function floatToWhole(text: string): bigint | undefined {
  const value = floatOf(text);
  return value === undefined || !Number.isFinite(value) ? undefined : BigInt(Math.trunc(value));
}

function toFloat(value: Value, args: BoundArguments): Value {
  const otherwise = args.get("default", 0);
  if (typeof value === "string") return floatOf(stripEnd(stripStart(value))) ?? otherwise;
  if (value instanceof Undefined) value.fail();
  const number = asNumber(value);
  return number === undefined ? otherwise : Number(number);
}

function indented(value: Value, args: BoundArguments): string {
  const width = args.get("width", 4n);
  const mark = typeof width === "string" ? width : " ".repeat(asIndex(width));
  const isFirst = isTrue(args.get("first", false));
  const indentsBlank = isTrue(args.get("blank", false));
  if (typeof value !== "string") {
    if (value instanceof Undefined) value.fail();
    throw typeError(`unsupported operand type(s) for +=: '${typeName(value)}' and 'str'`);
  }
  const text = `${value}\n`;
  let made: string;
  if (indentsBlank) made = text.slice(0, -1).replaceAll("\n", `\n${mark}`);
  else {
    const [first, ...rest] = callText(text, "splitlines") as string[];
    made = [first, ...rest.map((line) => (line === "" ? "" : mark + line))].join("\n");
  }
  return isFirst ? mark + made : made;
}

function truncated(value: Value, args: BoundArguments): Value {
  const length = asIndex(args.get("length", 255n));
  const end = strOf(args.get("end", "..."));
  const leeway = args.has("leeway") && args.get("leeway") !== null ? asIndex(args.get("leeway")) : 5;
  if (typeof value !== "string") {
    if (Number(countOf(value)) <= length + leeway) return value;
    throw typeError(`a '${typeName(value)}' object cannot be cut as a text`);
  }
  const text = value;
  const points = Array.from(text);
  if (points.length <= length + leeway) return text;
  const kept = points.slice(0, length - pointCount(end)).join("");
  if (isTrue(args.get("killwords", false))) return kept + end;
  const space = kept.lastIndexOf(" ");
  return (space === -1 ? kept : kept.slice(0, space)) + end;
}

function wrapped(value: Value, args: BoundArguments): string {
  const width = asIndex(args.get("width", 79n));
  const breaks = isTrue(args.get("break_long_words", true));
  const onHyphens = isTrue(args.get("break_on_hyphens", true));
  const mark = args.get("wrapstring") === null ? "\n" : strOf(args.get("wrapstring"));
  if (typeof value !== "string") {
    if (value instanceof Undefined) value.fail();
    throw new TemplateError("AttributeError", `'${typeName(value)}' object has no attribute 'splitlines'`);
  }
  const lines = callText(value, "splitlines") as string[];
  return lines.map((line) => wrapLine(line, { width, breaks, onHyphens }).join(mark)).join(mark);
}

function sliced(value: Value, args: BoundArguments): Value {
  const items = Array.from(iterate(value));
  const slices = asIndex(args.get("slices"));
  const fill = args.get("fill_with");
  const each = Math.floor(items.length / slices);
  const extra = items.length % slices;
  let offset = 0;
  return new Stream(
    Array.from({ length: slices }, (_, place): Value => {
      const start = offset + place * each;
      if (place < extra) offset++;
      const part = items.slice(start, offset + (place + 1) * each);
      return fill !== null && place >= extra ? [...part, fill] : part;
    }),
  );
}

function batched(value: Value, args: BoundArguments): Value {
  const size = asIndex(args.get("linecount"));
  const fill = args.get("fill_with");
  const batches: Value[][] = [];
  for (const item of iterate(value)) {
    const last = batches.at(-1);
    if (last !== undefined && last.length < size) last.push(item);
    else batches.push([item]);
  }
  const last = batches.at(-1);
  if (last !== undefined && fill !== null) while (last.length < size) last.push(fill);
  return new Stream(batches);
}

function grouped(value: Value, args: BoundArguments): Value {
  const isCased = isTrue(args.get("case_sensitive", false));
  const get = getter(args.get("attribute"), args.get("default"));
  const keyOf = (item: Value): Value => folded(get(item), isCased);
  const groups: [Value, Value[]][] = [];
  for (const item of sorted(Array.from(iterate(value)), keyOf, false)) {
    const last = groups.at(-1);
    if (last !== undefined && equal(last[0], keyOf(item))) last[1].push(item);
    else groups.push([keyOf(item), [item]]);
  }
  return groups.map(([key, items]) => new Tuple([isCased ? key : get(items[0]), items], ["grouper", "list"]));
}

function dictSorted(value: Value, args: BoundArguments): Value {
  const by = strOf(args.get("by", "key"));
  if (by !== "key" && by !== "value") {
    throw new TemplateError("FilterArgumentError", 'You can only sort by either "key" or "value"');
  }
  if (!(value instanceof Dict)) throw typeError(`'${typeName(value)}' object has no attribute 'items'`);
  const isCased = isTrue(args.get("case_sensitive", false));
  const pairs = value.entries().map((entry) => new Tuple(entry));
  const place = by === "key" ? 0 : 1;
  return sorted(
    pairs,
    (pair) => folded((pair as Tuple).items[place], isCased),
    isTrue(args.get("reverse", false)),
  );
}

function unique(value: Value, args: BoundArguments): Value {
  const isCased = isTrue(args.get("case_sensitive", false));
  const get = getter(args.get("attribute"));
  const keyOf = (item: Value): Value => folded(get(item), isCased);
  const seen = new Dict();
  return new Stream(
    (function* () {
      for (const item of iterate(value)) {
        const key = keyOf(item);
        if (seen.has(key)) continue;
        seen.set(key, true);
        yield item;
      }
    })(),
  );
}

const escaped = (value: Value): Value =>
  value instanceof Markup ? value : new Markup(escapeHtml(strOf(value)));

function fileSize(value: Value, args: BoundArguments): string {
  const number = typeof value === "string" ? floatOf(stripEnd(stripStart(value))) : asNumber(value);
  if (number === undefined) {
    if (typeof value === "string") throw valueError(`could not convert string to float: ${reprOf(value)}`);
    if (value instanceof Undefined) value.fail();
    throw typeError(`float() argument must be a string or a real number, not '${typeName(value)}'`);
  }
  const bytes = Number(number);
  const isBinary = isTrue(args.get("binary", false));
  const base = isBinary ? 1024 : 1000;
  const prefixes = isBinary
    ? ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"]
    : ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
  if (bytes === 1) return "1 Byte";
  if (bytes < base) return `${Math.trunc(bytes)} Bytes`;
  let unit = base;
  for (const [place, prefix] of prefixes.entries()) {
    unit = base ** (place + 2);
    if (bytes < unit) return `${((base * bytes) / unit).toFixed(1)} ${prefix}`;
  }
  return `${((base * bytes) / unit).toFixed(1)} ${prefixes[7]}`;
}

function urlEncoded(value: Value): string {
  const quote = (text: Value, safe: RegExp): string =>
    Array.from(new TextEncoder().encode(strOf(text)), (byte) => {
      const character = String.fromCharCode(byte);
      return safe.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    }).join("");
  if (typeof value === "string" || lengthOf(value) === undefined) return quote(value, /[\w.~/-]/u);
  const pairs =
    value instanceof Dict
      ? value.entries()
      : Array.from(iterate(value), (pair) => {
          const parts = Array.from(iterate(pair));
          if (parts.length < 2)
            throw valueError(`not enough values to unpack (expected 2, got ${parts.length})`);
          if (parts.length > 2) throw valueError("too many values to unpack (expected 2)");
          return parts;
        });
  return pairs
    .map(([key, item]) => `${quote(key, /[\w.~-]/u)}=${quote(item, /[\w.~-]/u)}`.replaceAll("%20", "+"))
    .join("&");
}

const listOf = (value: Value): Value[] => Array.from(iterate(value));

function reversed(value: Value): Value {
  if (typeof value === "string") return Array.from(value).reverse().join("");
  if (value instanceof Undefined) return new Stream([]);
  if (asNumber(value) !== undefined || value === null) {
    throw new TemplateError("FilterArgumentError", "argument must be iterable");
  }
  return new Stream(listOf(value).reverse(), Array.isArray(value) ? "list_reverseiterator" : "reversed");
}

function first(value: Value): Value {
  for (const item of iterate(value)) return item;
  return new Undefined("No first item, sequence was empty.");
}

function last(value: Value): Value {
  if (value instanceof Stream) throw typeError(`'${value.kind}' object is not reversible`);
  const items = listOf(value);
  return items.length === 0 ? new Undefined("No last item, sequence was empty.") : items[items.length - 1];
}

function countOf(value: Value): bigint {
  const size = lengthOf(value);
  if (size === undefined) throw typeError(`object of type '${typeName(value)}' has no len()`);
  return BigInt(size);
}

function joined(value: Value, args: BoundArguments): string {
  const get = getter(args.get("attribute"));
  const mark = strOf(args.get("d", ""));
  const texts = Array.from(iterate(value), (item) => strOf(get(item)));
  checkLength(texts.reduce((sum, text) => sum + text.length + mark.length, 0));
  return texts.join(mark);
}

function summed(value: Value, args: BoundArguments): Value {
  const get = getter(args.get("attribute"));
  let total = args.get("start", 0n);
  for (const item of iterate(value)) total = operate("+", total, get(item));
  return total;
}

function jsonOf(value: Value, args: BoundArguments): string {
  const indent = args.get("indent");
  const separators = args.get("separators");
  const [items, keys] = separators === null ? [null, null] : listOf(separators);
  return toJson(value, {
    ensureAscii: isTrue(args.get("ensure_ascii", false)),
    indent:
      indent === null ? null : typeof indent === "string" ? indent : " ".repeat(Math.max(0, asIndex(indent))),
    itemSeparator: items === null ? (indent === null ? ", " : ",") : strOf(items),
    keySeparator: keys === null ? ": " : strOf(keys),
    sortKeys: isTrue(args.get("sort_keys", false)),
  });
}

function xmlAttributes(value: Value, args: BoundArguments): string {
  if (!(value instanceof Dict)) throw typeError(`'${typeName(value)}' object has no attribute 'items'`);
  const pairs = value.entries().filter(([, item]) => item !== null && !(item instanceof Undefined));
  for (const [key] of pairs) {
    if (typeof key !== "string") throw typeError("expected string or bytes-like object");
    if (/[\s/>=]/u.test(strOf(key))) throw valueError(`Invalid character in attribute name: ${reprOf(key)}`);
  }
  const text = pairs.map(([key, item]) => `${escapeHtml(strOf(key))}="${escapeHtml(strOf(item))}"`).join(" ");
  return isTrue(args.get("autospace", true)) && text !== "" ? ` ${text}` : text;
}

function byDefault(value: Value, args: BoundArguments): Value {
  const isMissing = value instanceof Undefined || (isTrue(args.get("boolean", false)) && !isTrue(value));
  return isMissing ? args.get("default_value", "") : value;
}

/** Words of more than white space and marks. */
const wordCount = (value: Value): bigint =>
  BigInt((strOf(value).match(/[\p{L}\p{N}\p{M}_]+/gu) ?? []).length);

/** Words begin at the start, behind white space, hyphens and opening brackets. */
const titled = (value: Value): string =>
  strOf(value)
    .split(/([-\s({[<]+)/u)
    .filter((piece) => piece !== "")
    .map((piece) => piece.slice(0, 1).toUpperCase() + piece.slice(1).toLowerCase())
    .join("");

function absolute(value: Value): Value {
  const number = asNumber(value);
  if (number === undefined) {
    if (value instanceof Undefined) value.fail();
    throw typeError(`bad operand type for abs(): '${typeName(value)}'`);
  }
  return number < 0 ? -number : number;
}

function itemsOfMapping(value: Value): Value {
  return new Stream(
    (function* () {
      if (value instanceof Undefined) return;
      if (!(value instanceof Dict)) throw typeError("Can only get item pairs from a mapping.");
      yield* new View("dict_items", value).items();
    })(),
  );
}

const bound = (parameters: readonly string[], filter: Filter, name: string): RawFilter => {
  return (value, args, context) => filter(value, bindArguments(name, parameters, args), context);
};

const AGGREGATE = ["case_sensitive?", "attribute?"];

const DECLARED: readonly (readonly [names: string, parameters: readonly string[], filter: Filter])[] = [
  ["abs", [], absolute],
  ["attr", ["name"], (value, args) => attributeOnly(value, strOf(args.get("name")))],
  ["batch", ["linecount", "fill_with?"], batched],
  ["capitalize", [], (value) => capitalize(strOf(value))],
  ["center", ["width?"], (value, args) => callText(strOf(value), "center", args.get("width", 80n))],
  ["count length", [], countOf],
  ["d default", ["default_value?", "boolean?"], byDefault],
  ["dictsort", ["case_sensitive?", "by?", "reverse?"], dictSorted],
  ["e escape", [], escaped],
  ["forceescape", [], (value) => new Markup(escapeHtml(strOf(value)))],
  ["filesizeformat", ["binary?"], fileSize],
  ["first", [], first],
  ["float", ["default?"], toFloat],
  ["groupby", ["attribute", "default?", "case_sensitive?"], grouped],
  ["indent", ["width?", "first?", "blank?"], indented],
  ["int", ["default?", "base?"], toWhole],
  ["items", [], itemsOfMapping],
  ["join", ["d?", "attribute?"], joined],
  ["last", [], last],
  ["list", [], listOf],
  ["lower", [], (value) => strOf(value).toLowerCase()],
  ["max", AGGREGATE, (value, args) => extreme(value, args, true)],
  ["min", AGGREGATE, (value, args) => extreme(value, args, false)],
  [
    "replace",
    ["old", "new", "count?"],
    (value, args) => {
      const count = args.get("count");
      const most = count === null || asIndex(count) < 0 ? Infinity : asIndex(count);
      return replaceSome(strOf(value), strOf(args.get("old")), strOf(args.get("new")), most);
    },
  ],
  ["reverse", [], reversed],
  ["round", ["precision?", "method?"], rounded],
  ["safe", [], (value) => new Markup(strOf(value))],
  ["slice", ["slices", "fill_with?"], sliced],
  [
    "sort",
    ["reverse?", "case_sensitive?", "attribute?"],
    (value, args) =>
      sorted(
        listOf(value),
        keyOfAttributes(args.get("attribute"), isTrue(args.get("case_sensitive", false))),
        isTrue(args.get("reverse", false)),
      ),
  ],
  ["string", [], (value) => strOf(value)],
  [
    "striptags",
    [],
    (value) =>
      strOf(value)
        .replaceAll(/<!--[\s\S]*?-->|<[^>]*>/gu, "")
        .split(/\s+/u)
        .filter((word) => word !== "")
        .join(" "),
  ],
  ["sum", ["attribute?", "start?"], summed],
  ["title", [], titled],
  ["tojson", ["ensure_ascii?", "indent?", "separators?", "sort_keys?"], jsonOf],
  ["trim", ["chars?"], (value, args) => callText(strOf(value), "strip", args.get("chars"))],
  ["truncate", ["length?", "killwords?", "end?", "leeway?"], truncated],
  ["unique", AGGREGATE, unique],
  ["upper", [], (value) => strOf(value).toUpperCase()],
  ["urlencode", [], urlEncoded],
  ["wordcount", [], wordCount],
  ["wordwrap", ["width?", "break_long_words?", "wrapstring?", "break_on_hyphens?"], wrapped],
  ["xmlattr", ["autospace?"], xmlAttributes],
];

/** `value.name` without the keys of a mapping. */
function attributeOnly(value: Value, name: string): Value {
  const found = attributeOf(value, name);
  return value instanceof Dict && value.get(name) === found
    ? new Undefined(`'dict object' has no attribute '${name}'`)
    : found;
}

const FILTERS: ReadonlyMap<string, RawFilter> = new Map<string, RawFilter>([
  ...DECLARED.flatMap(([names, parameters, filter]) =>
    names.split(" ").map((name) => [name, bound(parameters, filter, name)] as const),
  ),
  ["map", map],
  ["select", chosen(true, false)],
  ["reject", chosen(false, false)],
  ["selectattr", chosen(true, true)],
  ["rejectattr", chosen(false, true)],
  [
    "format",
    (value, { positional, named }) => {
      if (positional.length > 0 && named.size > 0) {
        throw new TemplateError(
          "FilterArgumentError",
          "can't handle positional and keyword arguments at the same time",
        );
      }
      return formatPercent(strOf(value), named.size > 0 ? new Dict(named) : new Tuple(positional));
    },
  ],
]);

/** Whether there is a filter of a name. */
export const isFilterName = (name: string): boolean => FILTERS.has(name);

/** @throws TemplateError where there is no such filter, or it cannot work on the value */
export function runFilter(name: string, value: Value, args: CallArguments, context: FilterContext): Value {
  const filter = FILTERS.get(name);
  if (filter === undefined) throw new TemplateError("TemplateRuntimeError", `No filter named '${name}'.`);
  return filter(TAKES_MARKUP.has(name) ? value : plain(value), args, context);
}

/** Filters to which markup is not only its text. */
const TAKES_MARKUP: ReadonlySet<string> = new Set(["e", "escape", "default", "d", "list"]);
