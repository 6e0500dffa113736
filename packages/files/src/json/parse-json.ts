import { JsonError } from "./json-error.js";
import { findJsonFault } from "./scan-json.js";

/** Deepest nesting of lists and objects that is read, unless a caller says otherwise; real files stay under ten. */
export const MAXIMUM_JSON_DEPTH = 64;

/** Limits of {@link parseJson}. */
export interface ParseJsonOptions {
  /** Most lists and objects within each other. @defaultValue {@link MAXIMUM_JSON_DEPTH} */
  readonly maximumDepth?: number;
  /** Whether a key `__proto__` is taken as any other, for callers that never copy by assignment. @defaultValue false */
  readonly takesPrototypeKey?: boolean;
}

/**
 * `JSON.parse` for text of unknown origin. Refused are also what it takes without a word: an object with a key twice, of
 * which it keeps the last; a key `__proto__`, which replaces the prototype of a copy; nesting without end, which overflows
 * the stack of whatever walks the value. Numbers are doubles, as `JSON.parse` rounds them.
 *
 * @throws JsonError with line and column
 */
export function parseJson(
  text: string,
  { maximumDepth = MAXIMUM_JSON_DEPTH, takesPrototypeKey = false }: ParseJsonOptions = {},
): unknown {
  const fault = findJsonFault(text, maximumDepth, takesPrototypeKey);
  if (fault === null) return JSON.parse(text) as unknown;
  const before = text.slice(0, fault.at);
  const lineStart = before.lastIndexOf("\n") + 1;
  const line = before.split("\n").length;
  throw new JsonError(fault.expected, fault.actual, line, fault.at - lineStart + 1);
}
