import { asPhrase, type Phrase, phrase } from "../errors/phrase.js";
import { MAXIMUM_JSON_DEPTH } from "./parse-json.js";

/**
 * What makes a value unsafe to copy around or to write as JSON, for values that came another way than through
 * {@link parseJson}: a key `__proto__` at any depth, which replaces the prototype of the copy, or nesting beyond
 * {@link MAXIMUM_JSON_DEPTH}.
 *
 * @returns what was expected and what is there, or null
 */
export function findValueFault(root: unknown): Phrase | null {
  if (typeof root !== "object" || root === null) return null;
  const pending: { value: object; depth: number }[] = [{ value: root, depth: 1 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { value, depth } = next;
    if (depth > MAXIMUM_JSON_DEPTH)
      return phrase`expected at most ${MAXIMUM_JSON_DEPTH} levels of lists and objects, got more`;
    if (!Array.isArray(value) && Object.hasOwn(value, "__proto__"))
      return asPhrase('expected another key, got "__proto__"');
    const children: unknown[] = Array.isArray(value) ? value : Object.values(value);
    for (const child of children) {
      if (typeof child === "object" && child !== null) pending.push({ value: child, depth: depth + 1 });
    }
  }
  return null;
}
