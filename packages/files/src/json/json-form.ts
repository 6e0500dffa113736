/**
 * What JSON said that an object or a list of JavaScript does not hold: the order of keys such as "1", which come first there,
 * and which whole numbers were written as floats. Python keeps both, and what is shown of data, such as in a chat template,
 * has to be the same.
 */
export interface JsonForm {
  /** Keys in the order of the text; only where JavaScript has another. */
  readonly keys?: readonly string[];
  /** Keys, or places as texts, of whole numbers that were written as floats. */
  readonly floats?: ReadonlySet<string>;
}

const form: unique symbol = Symbol.for("@lathe/json-form") as never;

interface Formed {
  readonly [form]?: JsonForm;
}

/** What the text of an object or list said beside its values; a copy by spreading has it too. */
export const jsonFormOf = (value: object): JsonForm | undefined => (value as Formed)[form];

/** Only texts with one of these lose anything: a float of whole value, or a key that is a number. */
const loses = /\d\.0+(?!\d)|\d[eE]|"\d+"\s*:/;
const number = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const word = /true|false|null/y;
const string = /"(?:[^"\\]|\\.)*"/y;
const space = /[ \t\n\r]*/y;

/**
 * Keeps the form of a JSON text with the value that was parsed from it.
 *
 * @param value what `JSON.parse` made of the text
 * @param text JSON that was found to be sound
 */
export function keepJsonForm(value: unknown, text: string): void {
  if (loses.test(text)) new FormReader(text).value(value);
}

class FormReader {
  #at = 0;

  constructor(private readonly text: string) {}

  /** Reads a value. @returns whether it is a number that was written as a float and is whole */
  value(value: unknown): boolean {
    this.#take(space);
    const first = this.text[this.#at];
    if (first === "{") this.#object(value as Record<string, unknown>);
    else if (first === "[") this.#list(value as unknown[]);
    else if (first === '"') this.#take(string);
    else if (this.#take(word) === "") {
      const digits = this.#take(number);
      return /[.eE]/.test(digits) && Number.isInteger(value);
    }
    return false;
  }

  #object(value: Record<string, unknown>): void {
    const keys: string[] = [];
    const floats = new Set<string>();
    this.#items("}", () => {
      const key = JSON.parse(this.#take(string)) as string;
      this.#take(space);
      this.#at++;
      keys.push(key);
      if (this.value(value[key])) floats.add(key);
    });
    const isReordered = Object.keys(value).some((key, place) => key !== keys[place]);
    keep(value, isReordered ? keys : undefined, floats);
  }

  #list(value: unknown[]): void {
    const floats = new Set<string>();
    let place = 0;
    this.#items("]", () => {
      if (this.value(value[place])) floats.add(String(place));
      place++;
    });
    keep(value, undefined, floats);
  }

  #items(end: string, read: () => void): void {
    do {
      this.#at++;
      this.#take(space);
      if (this.text[this.#at] === end) break;
      read();
      this.#take(space);
    } while (this.text[this.#at] === ",");
    this.#at++;
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const taken = pattern.exec(this.text)?.[0] ?? "";
    this.#at += taken.length;
    return taken;
  }
}

function keep(value: object, keys: readonly string[] | undefined, floats: ReadonlySet<string>): void {
  if (keys === undefined && floats.size === 0) return;
  const said: JsonForm = { ...(keys ? { keys } : {}), ...(floats.size > 0 ? { floats } : {}) };
  // A spread copies what can be listed, and so an object's form; that of a list would not be its copy's.
  Object.defineProperty(value, form, { value: said, enumerable: !Array.isArray(value), writable: true });
}

/** Keys of an object in the order of its JSON text. */
export function jsonKeysOf(value: object): readonly string[] {
  const own = Object.keys(value);
  const said = jsonFormOf(value)?.keys;
  if (said === undefined) return own;
  return [...said.filter((key) => Object.hasOwn(value, key)), ...own.filter((key) => !said.includes(key))];
}

/** `JSON.stringify` of plain data that keeps the forms of what was read. */
export function writeJson(value: unknown): string {
  return hasForm(value) ? written(value) : JSON.stringify(value);
}

function hasForm(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return jsonFormOf(value) !== undefined || Object.values(value).some(hasForm);
}

function written(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const floats = jsonFormOf(value)?.floats;
  const one = (key: string, item: unknown): string =>
    floats?.has(key) && Number.isSafeInteger(item)
      ? `${Object.is(item, -0) ? "-0" : String(item)}.0`
      : written(item);
  if (Array.isArray(value))
    return `[${value.map((item, place) => one(String(place), item ?? null)).join(",")}]`;
  const entries = jsonKeysOf(value)
    .map((key) => [key, (value as Record<string, unknown>)[key]] as const)
    .filter(([, item]) => item !== undefined);
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${one(key, item)}`).join(",")}}`;
}
