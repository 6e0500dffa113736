import { type Phrase, phrase } from "@lathe/files";
import type { z } from "zod";
import type { PathRules } from "./path-rules.js";
import { propertiesOf } from "./property.js";
import type { ResolvedOptions } from "./resolve-options.js";
import { UsageError } from "./usage-error.js";

/**
 * Looks at what lies at the paths that were given.
 * @throws UsageError with every fault
 */
export async function checkPaths(
  verb: string,
  options: z.ZodObject,
  { values, given }: ResolvedOptions,
  { check }: PathRules,
): Promise<void> {
  const faults: Phrase[] = [];
  for (const { key, flag, details } of propertiesOf(options)) {
    const { path } = details;
    if (!path || !given.has(key)) continue;
    for (const value of [values[key]].flat()) {
      const fault = typeof value === "string" ? await check(value, path) : null;
      if (fault !== null) faults.push(phrase`${`--${flag}`}: ${fault}`);
    }
  }
  if (faults.length > 0) throw new UsageError(faults, verb);
}
