import { JsonError, keepJsonForm, parseJson, type Phrase, phrase } from "@lathe/files";

/** A record's value, or why there is none. */
export type ParsedRecord = { readonly value: unknown } | { readonly error: Phrase; readonly text: string };

const MOST_DIGITS = 30; // that are compared one by one
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** What a number that a double cannot hold must have: many digits, or a large exponent. */
const MAY_BE_INEXACT = /\d{16}|[eE]\+?\d{3}/;

/**
 * Reads the JSON text of a record. Numbers that a double cannot hold, whole ones beyond 2⁵³ and those beyond 10³⁰⁸, become texts of
 * their digits, as they do in other formats: an order number must not become another one. What a chat template would show
 * otherwise than Python does stays known: the order of keys that are numbers, and floats of whole value.
 */
export function parseRecord(text: string): ParsedRecord {
  try {
    const value = parseJson(text);
    const exact = MAY_BE_INEXACT.test(text) ? quoteInexact(text) : text;
    const read = exact === text ? value : parseJson(exact);
    keepJsonForm(read, exact);
    return { value: read };
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    const { line, column, expectedPhrase: expected, actualPhrase: actual } = error;
    return {
      error:
        line === 1
          ? phrase`not valid JSON: expected ${expected} at column ${column}, got ${actual}`
          : phrase`not valid JSON: expected ${expected} at column ${column} of its line ${line}, got ${actual}`,
      text,
    };
  }
}

/** The JSON text with numbers that are not exact as doubles in quotes. */
function quoteInexact(json: string): string {
  const parts: string[] = [];
  let done = 0;
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (character === '"') {
      for (at += 1; json[at] !== '"'; at++) if (json[at] === "\\") at += 1;
      continue;
    }
    if (character !== "-" && (character < "0" || character > "9")) continue;
    NUMBER.lastIndex = at;
    const number = NUMBER.exec(json)?.[0] ?? character;
    if (!isExact(number)) {
      parts.push(json.slice(done, at), `"${number}"`);
      done = at + number.length;
    }
    at += number.length - 1;
  }
  return parts.length === 0 ? json : [...parts, json.slice(done)].join("");
}

function isExact(number: string): boolean {
  const value = Number(number);
  if (!Number.isFinite(value)) return false;
  if (Number.isSafeInteger(value) || !/^-?\d+$/.test(number)) return true;
  return number.length <= MOST_DIGITS && BigInt(number) === BigInt(value);
}
