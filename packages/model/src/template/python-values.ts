import { jsonFormOf, jsonKeysOf } from "@lathe/files";
import { TemplateError, typeError } from "./template-error.js";

/**
 * A value of Python while a template runs: `None` is null, an `int` a bigint, a `float` a number, a `list` an array; the
 * others have classes of their own.
 */
export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Markup
  | Value[]
  | Tuple
  | Dict
  | Range
  | Stream
  | View
  | Namespace
  | Callable
  | Undefined;

/** A `str` that the filters `safe` and `escape` make: what is added to it is escaped for HTML. In all else it is its text. */
export class Markup {
  constructor(readonly text: string) {}
}

/** A value, or the text of markup. */
export const plain = (value: Value): Exclude<Value, Markup> => (value instanceof Markup ? value.text : value);

/** A Python `tuple`. */
export class Tuple {
  constructor(
    readonly items: readonly Value[],
    /** Names of the items, as those of `groupby` have. */
    readonly names: readonly string[] = [],
  ) {}
}

/** A Python `dict`: keys in the order in which they came, 1, 1.0 and True being the same key. */
export class Dict {
  readonly #entries = new Map<string, [key: Value, value: Value]>();

  constructor(entries: Iterable<readonly [key: Value, value: Value]> = []) {
    for (const [key, value] of entries) this.set(key, value);
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: Value): Value | undefined {
    return this.#entries.get(hashOf(key))?.[1];
  }

  has(key: Value): boolean {
    return this.#entries.has(hashOf(key));
  }

  set(key: Value, value: Value): void {
    const hash = hashOf(key);
    const entry = this.#entries.get(hash);
    if (entry === undefined) this.#entries.set(hash, [key, value]);
    else entry[1] = value;
  }

  keys(): Value[] {
    return Array.from(this.#entries.values(), ([key]) => key);
  }

  values(): Value[] {
    return Array.from(this.#entries.values(), ([, value]) => value);
  }

  entries(): [Value, Value][] {
    return Array.from(this.#entries.values(), ([key, value]) => [key, value]);
  }
}

/** A Python `range`. */
export class Range {
  readonly length: number;

  constructor(
    readonly start: number,
    readonly stop: number,
    readonly step: number,
  ) {
    this.length = Math.max(0, Math.ceil((stop - start) / step));
  }

  at(place: number): bigint {
    return BigInt(this.start + place * this.step);
  }
}

/** What filters such as `map` give: it can be gone through once. */
export class Stream {
  readonly #iterator: Iterator<Value>;

  constructor(
    values: Iterable<Value>,
    /** What Python prints of it. */
    readonly kind = "generator",
  ) {
    this.#iterator = values[Symbol.iterator]();
  }

  *[Symbol.iterator](): Generator<Value, void, undefined> {
    for (let next = this.#iterator.next(); next.done !== true; next = this.#iterator.next()) yield next.value;
  }
}

/** What `keys()`, `values()` and `items()` of a mapping give. */
export class View {
  constructor(
    readonly kind: "dict_keys" | "dict_values" | "dict_items",
    readonly dict: Dict,
  ) {}

  items(): Value[] {
    if (this.kind === "dict_keys") return this.dict.keys();
    if (this.kind === "dict_values") return this.dict.values();
    return this.dict.entries().map((entry) => new Tuple(entry));
  }
}

/** What `namespace()` makes: the one thing that blocks inside can assign to. */
export class Namespace {
  readonly attributes = new Map<string, Value>();
}

/** Arguments of a call. */
export interface CallArguments {
  readonly positional: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
}

/** A function, method, macro or class. */
export class Callable {
  constructor(
    readonly name: string,
    readonly call: (args: CallArguments) => Value,
    /** What stands behind the dot, such as `loop.index`; undefined for a name that it has not. */
    readonly attribute: (name: string) => Value | undefined = () => undefined,
    /** Whether it can be called; `loop` of a plain for cannot. */
    readonly isCallable = true,
    /** What Python prints of it. */
    readonly shown = `<function ${name}>`,
  ) {}
}

/** What a name without a value is: it prints as nothing, and refuses to be worked with. */
export class Undefined {
  constructor(
    /** What a use of it is answered with. */
    readonly message: string,
    readonly kind = "UndefinedError",
  ) {}

  /** @throws TemplateError always */
  fail(): never {
    throw new TemplateError(this.kind, this.message);
  }
}

/** Name of the value's class, as Python's messages have it. */
export function typeName(value: Value): string {
  if (value === null) return "NoneType";
  switch (typeof value) {
    case "boolean":
      return "bool";
    case "bigint":
      return "int";
    case "number":
      return "float";
    case "string":
      return "str";
    default:
      break;
  }
  if (value instanceof Markup) return "Markup";
  if (Array.isArray(value)) return "list";
  if (value instanceof Tuple) return "tuple";
  if (value instanceof Dict) return "dict";
  if (value instanceof Range) return "range";
  if (value instanceof Stream) return value.kind;
  if (value instanceof View) return value.kind;
  if (value instanceof Namespace) return "Namespace";
  if (value instanceof Undefined) return "Undefined";
  return value.isCallable ? "function" : "LoopContext";
}

/** A text that is the same for values that are the same key. */
/** What a hash begins with; a text that does not is its own. */
const HASHED = "\0";

function hashOf(given: Value): string {
  const key = plain(given);
  if (typeof key === "string") return key.startsWith(HASHED) ? `${HASHED}s${key}` : key;
  return HASHED + hashOfOther(key);
}

function hashOfOther(key: Exclude<Value, Markup | string>): string {
  if (key === null) return "N";
  switch (typeof key) {
    case "boolean":
      return key ? "n1" : "n0";
    case "bigint":
      return `n${key}`;
    case "number":
      return Number.isInteger(key) ? `n${BigInt(key)}` : `n${key}`;
    default:
      break;
  }
  if (key instanceof Tuple) return `t${JSON.stringify(key.items.map(hashOf))}`;
  if (Array.isArray(key) || key instanceof Dict) throw typeError(`unhashable type: '${typeName(key)}'`);
  if (key instanceof Undefined) return "u";
  throw typeError(`unhashable type: '${typeName(key)}'`);
}

/** A number of Python as JavaScript's, True being 1; undefined for what is none. */
export function asNumber(value: Value): bigint | number | undefined {
  if (typeof value === "boolean") return value ? 1n : 0n;
  return typeof value === "bigint" || typeof value === "number" ? value : undefined;
}

/** Whether Python takes a value for true. */
export function isTrue(given: Value): boolean {
  const value = plain(given);
  if (value === null || value instanceof Undefined) return false;
  switch (typeof value) {
    case "boolean":
      return value;
    case "bigint":
      return value !== 0n;
    case "number":
      return value !== 0;
    case "string":
      return value !== "";
    default:
      break;
  }
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Tuple) return value.items.length > 0;
  if (value instanceof Dict) return value.size > 0;
  if (value instanceof Range) return value.length > 0;
  if (value instanceof View) return value.dict.size > 0;
  return true;
}

/** The code points of a text; Python counts these, not UTF-16 units. */
export const pointsOf = (text: string): ArrayLike<string> =>
  /[\ud800-\udfff]/.test(text) ? Array.from(text) : text;

/** Code points of a text. */
export const pointCount = (text: string): number => pointsOf(text).length;

/**
 * Goes through a value.
 *
 * @throws TemplateError where it cannot be gone through
 */
export function* iterate(given: Value): Generator<Value, void, undefined> {
  const value = plain(given);
  if (typeof value === "string") yield* value;
  else if (Array.isArray(value)) yield* value;
  else if (value instanceof Tuple) yield* value.items;
  else if (value instanceof Dict) yield* value.keys();
  else if (value instanceof View) yield* value.items();
  else if (value instanceof Stream) yield* value;
  else if (value instanceof Range) for (let place = 0; place < value.length; place++) yield value.at(place);
  else if (value instanceof Undefined) {
    if (value.kind !== "UndefinedError") value.fail();
  } else throw typeError(`'${typeName(value)}' object is not iterable`);
}

/** How many values a value holds; undefined for what has no length. */
export function lengthOf(given: Value): number | undefined {
  const value = plain(given);
  if (typeof value === "string") return pointCount(value);
  if (Array.isArray(value) || value instanceof Range) return value.length;
  if (value instanceof Tuple) return value.items.length;
  if (value instanceof Dict) return value.size;
  if (value instanceof View) return value.dict.size;
  if (value instanceof Undefined) return 0;
  return undefined;
}

/**
 * Plain data, such as a message that was read from JSON, as values of Python: whole numbers are `int` unless the JSON wrote
 * them as floats, and keys have the order that they had there.
 */
export function fromJavaScript(data: unknown): Value {
  if (data === null || data === undefined) return null;
  if (typeof data === "boolean" || typeof data === "string" || typeof data === "bigint") return data;
  if (typeof data === "number") return Number.isInteger(data) && !Object.is(data, -0) ? BigInt(data) : data;
  if (Array.isArray(data)) {
    const { floats } = jsonFormOf(data) ?? {};
    return data.map((item, place) =>
      floats?.has(String(place)) && typeof item === "number" ? item : fromJavaScript(item),
    );
  }
  if (data instanceof Callable) return data;
  if (data instanceof Map) {
    return new Dict(
      Array.from(data, ([key, value]) => [fromJavaScript(key), fromJavaScript(value)] as const),
    );
  }
  const { floats } = jsonFormOf(data) ?? {};
  return new Dict(
    jsonKeysOf(data).map((key) => {
      const value = (data as Record<string, unknown>)[key];
      return [key, floats?.has(key) && typeof value === "number" ? value : fromJavaScript(value)] as const;
    }),
  );
}
