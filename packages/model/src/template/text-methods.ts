import { isWhiteSpace, stripEnd, stripStart } from "@lathe/files";
import { bindArguments, type BoundArguments } from "./bind-arguments.js";
import { type Access, formatText } from "./format-text.js";
import { asIndex } from "./operations.js";
import { isPrintable, strOf } from "./python-repr.js";
import {
  type CallArguments,
  Dict,
  isTrue,
  iterate,
  pointCount,
  Tuple,
  typeName,
  type Value,
} from "./python-values.js";
import { typeError, valueError } from "./template-error.js";
import { checkLength } from "./template-limits.js";

/** A method of `str`. */
type Method = (text: string, args: BoundArguments) => Value;

const textOf = (value: Value, what = "argument"): string => {
  if (typeof value === "string") return value;
  throw typeError(`${what} must be str, not ${typeName(value)}`);
};

/** The characters that `strip` takes: those given, or white space. */
function strips(given: Value): (character: string) => boolean {
  if (given === null) return isWhiteSpace;
  const characters = new Set(textOf(given, "strip arg"));
  return (character) => characters.has(character);
}

function strip(text: string, given: Value, atStart: boolean, atEnd: boolean): string {
  const takes = strips(given);
  let start = 0;
  let end = text.length;
  // Most texts lose little or nothing, so that it is not worth parting them into characters.
  for (let next = pointAt(text, start); atStart && start < end && takes(next); next = pointAt(text, start)) {
    start += next.length;
  }
  for (
    let last = pointBefore(text, end);
    atEnd && end > start && takes(last);
    last = pointBefore(text, end)
  ) {
    end -= last.length;
  }
  return text.slice(start, end);
}

/** The character that begins at a place; empty at the end. */
const pointAt = (text: string, at: number): string =>
  at < text.length ? String.fromCodePoint(text.codePointAt(at)!) : "";

/** The character that ends before a place; empty at the beginning. */
function pointBefore(text: string, at: number): string {
  const point = pointAt(text, Math.max(0, at - 2));
  return point.length === 2 ? point : text.slice(Math.max(0, at - 1), at);
}

/** The part of a text between two places in code points, and where it begins. */
function part(
  text: string,
  args: BoundArguments,
): { readonly points: readonly string[]; readonly start: number; readonly end: number } {
  const points = Array.from(text);
  const bound = (name: string, otherwise: number): number => {
    const given = args.get(name);
    if (given === null) return otherwise;
    const place = asIndex(given);
    return place < 0 ? Math.max(0, place + points.length) : place;
  };
  return { points, start: bound("start", 0), end: Math.min(bound("end", points.length), points.length) };
}

function find(text: string, args: BoundArguments, fromEnd: boolean): bigint {
  const { points, start, end } = part(text, args);
  if (start > points.length) return -1n;
  const wanted = textOf(args.get("sub"));
  const inside = points.slice(start, end).join("");
  if (start > end) return -1n;
  const at = fromEnd ? inside.lastIndexOf(wanted) : inside.indexOf(wanted);
  return at === -1 ? -1n : BigInt(start + pointCount(inside.slice(0, at)));
}

function found(text: string, args: BoundArguments, fromEnd: boolean): bigint {
  const place = find(text, args, fromEnd);
  if (place === -1n) throw valueError("substring not found");
  return place;
}

function meets(text: string, args: BoundArguments, atStart: boolean): boolean {
  const isWhole = args.get("start") === null && args.get("end") === null;
  // Most calls ask about the whole text, which then need not be parted into characters.
  const { points, start, end } = isWhole ? { points: [], start: 0, end: 0 } : part(text, args);
  const given = args.get("prefix");
  const options = given instanceof Tuple ? given.items : [given];
  if (start > points.length) return false;
  const inside = isWhole ? text : points.slice(start, end).join("");
  return options.some((option) => {
    const name = atStart ? "startswith" : "endswith";
    const wanted = textOf(option, `${name} first arg`);
    if (start > end) return false;
    return atStart ? inside.startsWith(wanted) : inside.endsWith(wanted);
  });
}

function split(text: string, args: BoundArguments, fromEnd: boolean): Value[] {
  const separator = args.get("sep");
  const limit = args.has("maxsplit") ? asIndex(args.get("maxsplit")) : -1;
  const most = limit < 0 ? Infinity : limit;
  if (separator === null) return fromEnd ? splitSpaceFromEnd(text, most) : splitSpace(text, most);
  const mark = textOf(separator, "sep");
  if (mark === "") throw valueError("empty separator");
  const pieces = text.split(mark);
  if (pieces.length - 1 <= most) return pieces;
  return fromEnd
    ? [pieces.slice(0, pieces.length - most).join(mark), ...pieces.slice(pieces.length - most)]
    : [...pieces.slice(0, most), pieces.slice(most).join(mark)];
}

function splitSpace(text: string, most: number): string[] {
  const words: string[] = [];
  let rest = stripStart(text);
  while (rest !== "") {
    if (words.length >= most) return [...words, stripEnd(rest)];
    let end = 0;
    while (end < rest.length && !isWhiteSpace(rest[end])) end++;
    words.push(rest.slice(0, end));
    let next = end;
    while (next < rest.length && isWhiteSpace(rest[next])) next++;
    rest = rest.slice(next);
  }
  return words;
}

function splitSpaceFromEnd(text: string, most: number): string[] {
  const words: string[] = [];
  let rest = stripEnd(text);
  while (rest !== "") {
    if (words.length >= most) return [stripStart(rest), ...words];
    let start = rest.length;
    while (start > 0 && !isWhiteSpace(rest[start - 1])) start--;
    words.unshift(rest.slice(start));
    rest = stripEnd(rest.slice(0, start));
  }
  return words;
}

function partition(text: string, mark: string, fromEnd: boolean): Tuple {
  if (mark === "") throw valueError("empty separator");
  const at = fromEnd ? text.lastIndexOf(mark) : text.indexOf(mark);
  if (at === -1) return new Tuple(fromEnd ? ["", "", text] : [text, "", ""]);
  return new Tuple([text.slice(0, at), mark, text.slice(at + mark.length)]);
}

function replace(text: string, args: BoundArguments): string {
  const from = textOf(args.get("old"), "replace() argument 1");
  const to = textOf(args.get("new"), "replace() argument 2");
  const count = args.has("count") ? asIndex(args.get("count")) : -1;
  return replaceSome(text, from, to, count < 0 ? Infinity : count);
}

/** `text.replace(from, to, most)` */
export function replaceSome(text: string, from: string, to: string, most: number): string {
  const points = from === "" ? Array.from(text) : null;
  const pieces = points === null ? text.split(from) : ["", ...points, ""];
  const times = Math.min(pieces.length - 1, most);
  checkLength(text.length + times * to.length);
  if (times === pieces.length - 1) return pieces.join(to);
  return [...pieces.slice(0, times), pieces.slice(times).join(from)].join(to);
}

function aligned(text: string, args: BoundArguments, where: "left" | "right" | "center"): string {
  const width = asIndex(args.get("width"));
  const fill = textOf(args.get("fillchar", " "), "The fill character");
  if (pointCount(fill) !== 1) throw typeError("The fill character must be exactly one character long");
  const missing = width - pointCount(text);
  checkLength(width);
  if (missing <= 0) return text;
  if (where === "left") return text + fill.repeat(missing);
  if (where === "right") return fill.repeat(missing) + text;
  // CPython leaves the odd one on the left where the width is odd.
  const before = Math.floor(missing / 2) + (missing & width & 1);
  return fill.repeat(before) + text + fill.repeat(missing - before);
}

// eslint-disable-next-line no-control-regex -- Python ends lines at these separators, too
const lineEnds = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/gu;

function splitLines(text: string, keepsEnds: boolean): string[] {
  const lines: string[] = [];
  let start = 0;
  for (const match of text.matchAll(lineEnds)) {
    const end = match.index + match[0].length;
    lines.push(text.slice(start, keepsEnds ? end : match.index));
    start = end;
  }
  if (start < text.length) lines.push(text.slice(start));
  return lines;
}

/** The first letter of each run of letters large, the others small. */
export const titleCase = (text: string): string =>
  text.replaceAll(/\p{Cased}+/gu, (run) => {
    const [first, ...rest] = Array.from(run);
    return titleOf(first) + rest.join("").toLowerCase();
  });

/** Titlecase differs from upper case for digraphs alone. */
const titleOf = (character: string): string => {
  const digraph = "ǄǅǆǇǈǉǊǋǌǱǲǳ".indexOf(character);
  if (character !== "" && digraph >= 0) return "ǅǈǋǲ"[Math.floor(digraph / 3)];
  const upper = character.toUpperCase();
  return pointCount(upper) > 1 ? upper[0] + upper.slice(1).toLowerCase() : upper;
};

/** `text.capitalize()` */
export const capitalize = (text: string): string => {
  const [first = "", ...rest] = Array.from(text);
  return titleOf(first) + rest.join("").toLowerCase();
};

const every = (pattern: RegExp): Method => {
  return (text) => text !== "" && Array.from(text).every((character) => pattern.test(character));
};

const cased = (isRight: (text: string) => boolean): Method => {
  return (text) => /\p{Cased}/u.test(text) && isRight(text);
};

const isTitle: Method = (text) => {
  let any = false;
  let isAfterCased = false;
  for (const character of text) {
    const isCased = /\p{Cased}/u.test(character);
    if (isCased) {
      const isSmall = /\p{Lowercase}/u.test(character);
      if (isSmall !== isAfterCased) return false;
      any = true;
    }
    isAfterCased = isCased;
  }
  return any;
};

function expandTabs(text: string, size: number): string {
  let column = 0;
  let made = "";
  for (const character of text) {
    if (character === "\t") {
      const spaces = size > 0 ? size - (column % size) : 0;
      made += " ".repeat(spaces);
      column += spaces;
    } else {
      made += character;
      column = character === "\n" || character === "\r" ? 0 : column + 1;
    }
  }
  return made;
}

const swapCase = (text: string): string =>
  Array.from(text, (character) => {
    const upper = character.toUpperCase();
    return character === upper ? character.toLowerCase() : upper;
  }).join("");

function zeroFilled(text: string, width: number): string {
  const missing = width - pointCount(text);
  checkLength(width);
  if (missing <= 0) return text;
  const sign = /^[+-]/u.exec(text)?.[0] ?? "";
  return sign + "0".repeat(missing) + text.slice(sign.length);
}

const BOUNDS = ["start?", "end?"];

/** Parameters and what each method does. */
const METHODS: ReadonlyMap<string, readonly [parameters: readonly string[], method: Method]> = new Map<
  string,
  readonly [readonly string[], Method]
>([
  ["capitalize", [[], capitalize]],
  ["casefold", [[], (text) => text.replaceAll("ß", "ss").replaceAll("ẞ", "ss").toLowerCase()]],
  ["center", [["width", "fillchar?"], (text, args) => aligned(text, args, "center")]],
  [
    "count",
    [
      ["sub", ...BOUNDS],
      (text, args) => {
        const { points, start, end } = part(text, args);
        const wanted = textOf(args.get("sub"));
        if (start > points.length || start > end) return 0n;
        if (wanted === "") return BigInt(end - start + 1);
        return BigInt(points.slice(start, end).join("").split(wanted).length - 1);
      },
    ],
  ],
  ["endswith", [["prefix", ...BOUNDS], (text, args) => meets(text, args, false)]],
  ["expandtabs", [["tabsize?"], (text, args) => expandTabs(text, asIndex(args.get("tabsize", 8n)))]],
  ["find", [["sub", ...BOUNDS], (text, args) => find(text, args, false)]],
  ["index", [["sub", ...BOUNDS], (text, args) => found(text, args, false)]],
  ["isalnum", [[], every(/[\p{L}\p{N}]/u)]],
  ["isalpha", [[], every(/\p{L}/u)]],
  ["isascii", [[], (text) => !/[^\0-\x7f]/u.test(text)]],
  ["isdecimal", [[], every(/\p{Nd}/u)]],
  [
    "isdigit",
    [
      [],
      every(/[\p{Nd}\u00b2\u00b3\u00b9\u2070-\u2079\u2080-\u2089\u2460-\u2468\u2474-\u247c\u2488-\u2490]/u),
    ],
  ],
  ["isidentifier", [[], (text) => /^[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*$/u.test(text)]],
  ["islower", [[], cased((text) => !/[\p{Uppercase}\p{Lt}]/u.test(text))]],
  ["isnumeric", [[], every(/[\p{N}一二三四五六七八九十百千万亿零〇]/u)]],
  ["isprintable", [[], isPrintable]],
  ["isspace", [[], (text) => text !== "" && Array.from(text).every(isWhiteSpace)]],
  ["istitle", [[], isTitle]],
  ["isupper", [[], cased((text) => !/[\p{Lowercase}\p{Lt}]/u.test(text))]],
  [
    "join",
    [
      ["iterable"],
      (text, args) => {
        const items = Array.from(iterate(args.get("iterable")), (item, place) => {
          if (typeof item === "string") return item;
          throw typeError(`sequence item ${place}: expected str instance, ${typeName(item)} found`);
        });
        checkLength(items.reduce((sum, item) => sum + item.length + text.length, 0));
        return items.join(text);
      },
    ],
  ],
  ["ljust", [["width", "fillchar?"], (text, args) => aligned(text, args, "left")]],
  ["lower", [[], (text) => text.toLowerCase()]],
  ["lstrip", [["chars?"], (text, args) => strip(text, args.get("chars"), true, false)]],
  ["partition", [["sep"], (text, args) => partition(text, textOf(args.get("sep")), false)]],
  [
    "removeprefix",
    [
      ["prefix"],
      (text, args) => {
        const prefix = textOf(args.get("prefix"));
        return text.startsWith(prefix) ? text.slice(prefix.length) : text;
      },
    ],
  ],
  [
    "removesuffix",
    [
      ["suffix"],
      (text, args) => {
        const suffix = textOf(args.get("suffix"));
        return suffix !== "" && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text;
      },
    ],
  ],
  ["replace", [["old", "new", "count?"], replace]],
  ["rfind", [["sub", ...BOUNDS], (text, args) => find(text, args, true)]],
  ["rindex", [["sub", ...BOUNDS], (text, args) => found(text, args, true)]],
  ["rjust", [["width", "fillchar?"], (text, args) => aligned(text, args, "right")]],
  ["rpartition", [["sep"], (text, args) => partition(text, textOf(args.get("sep")), true)]],
  ["rsplit", [["sep?", "maxsplit?"], (text, args) => split(text, args, true)]],
  ["rstrip", [["chars?"], (text, args) => strip(text, args.get("chars"), false, true)]],
  ["split", [["sep?", "maxsplit?"], (text, args) => split(text, args, false)]],
  ["splitlines", [["keepends?"], (text, args) => splitLines(text, isTrue(args.get("keepends", false)))]],
  ["startswith", [["prefix", ...BOUNDS], (text, args) => meets(text, args, true)]],
  ["strip", [["chars?"], (text, args) => strip(text, args.get("chars"), true, true)]],
  ["swapcase", [[], swapCase]],
  ["title", [[], titleCase]],
  ["upper", [[], (text) => text.toUpperCase()]],
  ["zfill", [["width"], (text, args) => zeroFilled(text, asIndex(args.get("width")))]],
]);

/** A method of a text, bound to it; undefined where `str` has none of the name. */
export function textMethod(
  text: string,
  name: string,
  access: Access,
): ((args: CallArguments) => Value) | undefined {
  if (name === "format") return (args) => formatText(text, args, access);
  if (name === "format_map") {
    return (args) => {
      const mapping = args.positional[0];
      if (!(mapping instanceof Dict)) throw typeError("format_map() takes a mapping");
      const named = new Map(mapping.entries().map(([key, value]) => [strOf(key), value] as const));
      return formatText(text, { positional: [], named }, access);
    };
  }
  const known = METHODS.get(name);
  if (known === undefined) return undefined;
  const [parameters, method] = known;
  return (args) => method(text, bindArguments(name, parameters, args));
}
