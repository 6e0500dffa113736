/**
 * Rule "line-ends": CR, CRLF, vertical tab, form feed, NEL and the Unicode line and paragraph separators all
 * become LF, in code as well. The same reply saved on two systems must be the same row.
 */
export function unifyLineEnds(text: string): string {
  return text.replace(/\r\n|[\r\v\f\u0085\u2028\u2029]/g, "\n");
}
