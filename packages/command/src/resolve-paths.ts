import { isInputError, phrase, phraseOfError } from "@lathe/files";
import type { z } from "zod";
import type { PathRules, ResolveContext } from "./path-rules.js";
import { propertiesOf } from "./property.js";
import type { ResolvedOptions } from "./resolve-options.js";
import { UsageError } from "./usage-error.js";

/**
 * The values of options, each path that was given as what it stands for, one after the other.
 * @throws UsageError naming the flag, where the user's input is at fault
 */
export async function resolvePaths(
  options: z.ZodObject,
  { values, given }: ResolvedOptions,
  { resolve }: PathRules,
  context: ResolveContext,
): Promise<ResolvedOptions["values"]> {
  const resolved: Record<string, unknown> = { ...values };
  for (const { key, flag, details } of propertiesOf(options)) {
    const { path } = details;
    if (!path || !given.has(key)) continue;
    const one = async (value: unknown): Promise<unknown> => {
      if (typeof value !== "string") return value;
      try {
        return await resolve(value, path, context);
      } catch (error) {
        if (!isInputError(error)) throw error;
        throw new UsageError([phrase`${`--${flag}`}: ${phraseOfError(error)}`], null, { cause: error });
      }
    };
    const value = values[key];
    if (!Array.isArray(value)) {
      resolved[key] = await one(value);
      continue;
    }
    const all: unknown[] = [];
    for (const part of value) all.push(await one(part));
    resolved[key] = all;
  }
  return resolved;
}
