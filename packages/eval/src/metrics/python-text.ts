/**
 * White space and characters as Python's `str` sees them.
 *
 * The reference implementations of these metrics are written in Python, and their token counts depend on what
 * `str.split()` takes for white space. JavaScript's `\s` differs in both directions: it has U+FEFF, which Python
 * keeps, and lacks U+001C..U+001F and U+0085, at which Python splits.
 */
const whiteSpace = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const whiteSpaceRun = new RegExp(`[${whiteSpace}]+`, "u");
const whiteSpaceUnits: ReadonlySet<string> = new Set(
  Array.from({ length: 0x3001 }, (_, code) => String.fromCharCode(code)).filter((character) =>
    whiteSpaceRun.test(character),
  ),
);

/** The words between runs of white space, without empty ones, as `text.split()`. */
export function splitWhiteSpace(text: string): string[] {
  return text.split(whiteSpaceRun).filter((word) => word !== "");
}

/** The text without white space at its end, as `text.rstrip()`. */
export function stripEnd(text: string): string {
  let end = text.length;
  while (end > 0 && whiteSpaceUnits.has(text[end - 1])) end--;
  return text.slice(0, end);
}

/** The text without white space at either end, as `text.strip()`. */
export function strip(text: string): string {
  let start = 0;
  while (start < text.length && whiteSpaceUnits.has(text[start])) start++;
  return stripEnd(text.slice(start));
}

/** The 32 characters of Python's `string.punctuation`: ASCII punctuation and symbols. */
export const asciiPunctuation: ReadonlySet<string> = new Set("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~");
