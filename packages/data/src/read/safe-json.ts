/** Deepest nesting of lists and objects in a row; real rows stay under ten, and deeper ones overflow the stack of JSON.stringify. */
export const MAXIMUM_NESTING = 64;

/** The outcome of {@link parseJson}. */
export type ParsedJson = { readonly value: unknown } | { readonly error: string };

/** JSON.parse for text of unknown origin: never throws, and refuses what {@link checkValue} refuses. */
export function parseJson(text: string): ParsedJson {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { error: `not valid JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
  const problem = checkValue(value);
  return problem === undefined ? { value } : { error: problem };
}

/**
 * Refuses values that are unsafe to copy around: a key "__proto__" at any depth (an assignment through it
 * replaces the prototype of the copy) and nesting beyond {@link MAXIMUM_NESTING}.
 *
 * @returns what is wrong, or undefined
 */
export function checkValue(root: unknown): string | undefined {
  if (typeof root !== "object" || root === null) return undefined;
  const pending: { value: object; depth: number }[] = [{ value: root, depth: 1 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { value, depth } = next;
    if (depth > MAXIMUM_NESTING) return `nested deeper than ${MAXIMUM_NESTING} levels`;
    if (!Array.isArray(value) && Object.hasOwn(value, "__proto__"))
      return 'the key "__proto__" is not allowed';
    const children: unknown[] = Array.isArray(value) ? value : Object.values(value);
    for (const child of children) {
      if (typeof child === "object" && child !== null) pending.push({ value: child, depth: depth + 1 });
    }
  }
  return undefined;
}
