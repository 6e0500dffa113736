/**
 * A character of the white space of Python's `str`, as a pattern. What texts of models and metrics mean is said by programs in
 * Python: where `str.split()` parts words and `str.strip()` ends. JavaScript's `\s` differs in both directions: it has U+FEFF,
 * which Python keeps, and lacks U+001C..U+001F and U+0085, at which Python splits.
 */
export const WHITE_SPACE =
  "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";

const run = new RegExp(`${WHITE_SPACE}+`, "u");
// Of each code up to the last that is white space, whether it is.
const units = Uint8Array.from({ length: 0x3001 }, (_, code) => (run.test(String.fromCharCode(code)) ? 1 : 0));

/** Whether a UTF-16 code is white space, as {@link isWhiteSpace}. */
export const isWhiteSpaceCode = (code: number): boolean => code < units.length && units[code] === 1;

/** Whether a character is white space, as `character.isspace()`. */
export const isWhiteSpace = (character: string): boolean =>
  character.length === 1 && isWhiteSpaceCode(character.charCodeAt(0));

/** The words between runs of white space, without empty ones, as `text.split()`. */
export function splitWhiteSpace(text: string): string[] {
  const words: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (!isWhiteSpaceCode(text.charCodeAt(at))) continue;
    if (at > start) words.push(text.slice(start, at));
    start = at + 1;
  }
  if (start < text.length) words.push(text.slice(start));
  return words;
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
