/**
 * Sets a key of the object that a JSON text holds and leaves every other character as it is. Parsing and writing again
 * would turn 10000.0 into 10000, which readers that tell the two types apart refuse.
 *
 * @param text a JSON object that `JSON.parse` accepts   @param value written with two spaces of indentation
 */
export function setJsonKey(text: string, key: string, value: unknown): string {
  const written = JSON.stringify(value, null, 2).replaceAll("\n", "\n  ");
  const { spans, end } = topLevelValues(text);
  const span = spans.findLast((candidate) => candidate.key === key);
  if (span) return text.slice(0, span.start) + written + text.slice(span.end);
  const last = spans.at(-1);
  const before = text.slice(0, last ? last.end : end);
  return `${before}${last ? "," : ""}\n  ${JSON.stringify(key)}: ${written}\n${text.slice(end)}`;
}

/**
 * Takes a key out of the object that a JSON text holds and leaves every other character as it is.
 *
 * @param text a JSON object that `JSON.parse` accepts
 */
export function removeJsonKey(text: string, key: string): string {
  for (;;) {
    const { spans } = topLevelValues(text);
    const index = spans.findIndex((candidate) => candidate.key === key);
    if (index < 0) return text;
    const { keyStart, end } = spans[index];
    // With the comma before it, or after it where it is the first.
    const next = spans.at(index + 1);
    if (index > 0) text = text.slice(0, spans[index - 1].end) + text.slice(end);
    else text = text.slice(0, keyStart) + text.slice(next ? next.keyStart : end);
  }
}

interface ValueSpan {
  readonly key: string;
  /** Of the key's opening quote. */
  readonly keyStart: number;
  readonly start: number;
  readonly end: number;
}

/** Where the values of the outermost object lie, and where its closing bracket is. */
function topLevelValues(text: string): { spans: ValueSpan[]; end: number } {
  const spans: ValueSpan[] = [];
  let at = text.indexOf("{") + 1;
  for (;;) {
    at = skip(text, at, /[\s,]/);
    if (text[at] === "}") return { spans, end: at };
    const keyEnd = stringEnd(text, at);
    const key = JSON.parse(text.slice(at, keyEnd)) as string;
    const start = skip(text, keyEnd, /[\s:]/);
    const end = valueEnd(text, start);
    spans.push({ key, keyStart: at, start, end });
    at = end;
  }
}

function skip(text: string, from: number, what: RegExp): number {
  let at = from;
  while (what.test(text[at])) at++;
  return at;
}

function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}

function valueEnd(text: string, start: number): number {
  let depth = 0;
  let at = start;
  for (;;) {
    const character = text[at];
    if (character === '"') at = stringEnd(text, at);
    else if (depth === 0 && /[\s,}\]]/.test(character)) return at;
    else {
      if (character === "{" || character === "[") depth++;
      if (character === "}" || character === "]") depth--;
      at++;
    }
    if (depth === 0 && (character === '"' || character === "}" || character === "]")) return at;
  }
}
