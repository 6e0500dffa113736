import { asPhrase, type Phrase, phrase } from "../errors/phrase.js";

/** Where a text departs from JSON, or from what is taken of it. */
export interface JsonFault {
  /** Index into the text, in UTF-16 units. */
  readonly at: number;
  readonly expected: string | Phrase;
  readonly actual: string | Phrase;
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const UNICODE_ESCAPE = /\\u[0-9a-fA-F]{4}/y;
/** What may follow a backslash by itself; a pattern for each of the many escapes of a text would take most of the time. */
const SHORT_ESCAPES = new Set(Array.from('"\\/bfnrt', (character) => character.charCodeAt(0)));

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;

/** Characters of a text that a message shows. */
const SHOWN_CHARACTERS = 40;

/**
 * The first place at which a text is not JSON (RFC 8259), an object has a key twice or the key `__proto__`, or lists and
 * objects are nested too deep; null where there is none, and `JSON.parse` then takes the text. It needs no stack, so that
 * no nesting ends it.
 *
 * @param maximumDepth most lists and objects within each other
 * @param takesPrototypeKey whether a key `__proto__` is none of the faults
 */
export function findJsonFault(
  text: string,
  maximumDepth: number,
  takesPrototypeKey = false,
): JsonFault | null {
  // One entry an open bracket: the keys seen in an object, null in a list.
  const open: (Set<string> | null)[] = [];
  let at = 0;
  const fault = (expected: string | Phrase, from = at): JsonFault => ({
    at: from,
    expected,
    actual: shown(text, from),
  });
  const skipSpace = (): void => {
    for (;;) {
      const code = text.charCodeAt(at);
      if (code !== SPACE && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      at++;
    }
  };
  const match = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    if (!pattern.test(text)) return false;
    at = pattern.lastIndex;
    return true;
  };
  const skipString = (): JsonFault | null => {
    const start = at++;
    for (;;) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        at++;
        return null;
      }
      if (code === BACKSLASH) {
        if (SHORT_ESCAPES.has(text.charCodeAt(at + 1))) at += 2;
        else if (!match(UNICODE_ESCAPE)) return fault("an escape of JSON");
      } else if (code >= SPACE) {
        at++;
      } else if (at >= text.length) {
        return { at: start, expected: "a string that ends", actual: "the end of the text" };
      } else {
        return { at, expected: "an escaped control character", actual: `U+${hex(code)}` };
      }
    }
  };
  const takeKey = (keys: Set<string>): JsonFault | null => {
    skipSpace();
    const start = at;
    if (text[at] !== '"') return fault("a key in double quotes");
    const broken = skipString();
    if (broken) return broken;
    const raw = text.slice(start + 1, at - 1);
    const key = raw.includes("\\") ? (JSON.parse(`"${raw}"`) as string) : raw;
    if (key === "__proto__" && !takesPrototypeKey)
      return { at: start, expected: "another key", actual: '"__proto__"' };
    if (keys.has(key))
      return { at: start, expected: "each key once", actual: phrase`${shown(text, start)} again` };
    keys.add(key);
    skipSpace();
    if (text[at] !== ":") return fault("a colon after the key");
    at++;
    return null;
  };

  for (;;) {
    skipSpace();
    const first = text[at];
    let isOpened = false;
    if (first === "{" || first === "[") {
      if (open.length >= maximumDepth) {
        return { at, expected: phrase`at most ${maximumDepth} levels of lists and objects`, actual: "more" };
      }
      at++;
      skipSpace();
      isOpened = text[at] !== (first === "{" ? "}" : "]");
      const keys = first === "{" ? new Set<string>() : null;
      if (isOpened) {
        open.push(keys);
        const broken = keys && takeKey(keys);
        if (broken) return broken;
      } else {
        at++;
      }
    } else if (first === '"') {
      const broken = skipString();
      if (broken) return broken;
    } else if (!match(WORD) && !match(NUMBER)) {
      return fault("a value");
    }
    // After a value: brackets close until a comma announces the next one.
    while (!isOpened) {
      skipSpace();
      if (open.length === 0) return at < text.length ? fault("the end of the text") : null;
      const keys = open.at(-1) ?? null;
      const closing = keys ? "}" : "]";
      if (text[at] === closing) {
        at++;
        open.pop();
      } else if (text[at] === ",") {
        at++;
        const broken = keys && takeKey(keys);
        if (broken) return broken;
        isOpened = true;
      } else {
        return fault(phrase`a comma or ${closing}`);
      }
    }
  }
}

function shown(text: string, at: number): string | Phrase {
  if (at >= text.length) return asPhrase("the end of the text");
  const token = /^(?:"[^"\n]{0,38}"|[\w.+-]{1,40})/.exec(text.slice(at, at + SHOWN_CHARACTERS))?.[0];
  return token ?? JSON.stringify(String.fromCodePoint(text.codePointAt(at)!));
}

function hex(code: number): string {
  return code.toString(16).toUpperCase().padStart(4, "0");
}
