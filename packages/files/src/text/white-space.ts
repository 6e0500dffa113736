/**
 * A character of the white space of Python's `str`, as a pattern. What texts of models and metrics mean is said by programs in
 * Python: where `str.split()` parts words and `str.strip()` ends. JavaScript's `\s` differs in both directions: it has U+FEFF,
 * which Python keeps, and lacks U+001C..U+001F and U+0085, at which Python splits.
 */
export const WHITE_SPACE =
  "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";

const run = new RegExp(`${WHITE_SPACE}+`, "u");
const units: ReadonlySet<string> = new Set(
  Array.from({ length: 0x3001 }, (_, code) => String.fromCharCode(code)).filter((character) =>
    run.test(character),
  ),
);

/** Whether a character is white space, as `character.isspace()`. */
export const isWhiteSpace = (character: string): boolean => units.has(character);

/** The words between runs of white space, without empty ones, as `text.split()`. */
export function splitWhiteSpace(text: string): string[] {
  return text.split(run).filter((word) => word !== "");
}

/** The text without white space at its start, as `text.lstrip()`. */
export function stripStart(text: string): string {
  let start = 0;
  while (start < text.length && isWhiteSpace(text[start])) start++;
  return text.slice(start);
}

/** The text without white space at its end, as `text.rstrip()`. */
export function stripEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isWhiteSpace(text[end - 1])) end--;
  return text.slice(0, end);
}

/** The text without white space at either end, as `text.strip()`. */
export const strip = (text: string): string => stripEnd(stripStart(text));
