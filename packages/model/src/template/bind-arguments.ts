import type { CallArguments, Value } from "./python-values.js";
import { typeError } from "./template-error.js";

/** What arguments were given, by the name of the parameter. */
export class BoundArguments {
  constructor(private readonly values: ReadonlyMap<string, Value>) {}

  /** Whether the parameter was given. */
  has(name: string): boolean {
    return this.values.has(name);
  }

  /** The argument, or what stands for it. */
  get(name: string, otherwise: Value = null): Value {
    const value = this.values.get(name);
    return value === undefined ? otherwise : value;
  }
}

/**
 * Binds arguments to parameters as Python does.
 *
 * @param names parameters in order; those with a `?` at the end may be left out
 * @throws TemplateError for one too many, one missing, one twice, one unknown
 */
export function bindArguments(
  callee: string,
  names: readonly string[],
  { positional, named }: CallArguments,
): BoundArguments {
  if (positional.length > names.length) {
    const most = names.length;
    throw typeError(
      `${callee}() takes ${most === 0 ? "no arguments" : `at most ${most} argument${most === 1 ? "" : "s"}`} (${positional.length} given)`,
    );
  }
  const values = new Map<string, Value>();
  positional.forEach((value, place) => values.set(plainName(names[place]), value));
  for (const [name, value] of named) {
    if (!names.some((known) => plainName(known) === name))
      throw typeError(`${callee}() got an unexpected keyword argument '${name}'`);
    if (values.has(name)) throw typeError(`${callee}() got multiple values for argument '${name}'`);
    values.set(name, value);
  }
  const missing = names.find((name) => !name.endsWith("?") && !values.has(name));
  if (missing !== undefined) throw typeError(`${callee}() missing required argument: '${missing}'`);
  return new BoundArguments(values);
}

const plainName = (name: string): string => (name.endsWith("?") ? name.slice(0, -1) : name);
