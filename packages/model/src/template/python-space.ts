/** A character that Python's `str` takes for white space, as a pattern. JavaScript's `\s` has U+FEFF besides and lacks six. */
export const SPACE =
  "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";

const one = new RegExp(SPACE, "u");

/** Whether a character is white space. */
export const isSpace = (character: string): boolean => one.test(character);

/** `text.lstrip()` */
export function stripStart(text: string): string {
  let start = 0;
  while (start < text.length && isSpace(text[start])) start++;
  return text.slice(start);
}

/** `text.rstrip()` */
export function stripEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace(text[end - 1])) end--;
  return text.slice(0, end);
}
