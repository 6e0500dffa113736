import { asPhrase, type Phrase, phrase } from "@lathe/files";
import type { z } from "zod";
import { propertiesOf } from "./property.js";
import type { ResolvedOptions } from "./resolve-options.js";
import { UsageError } from "./usage-error.js";

/**
 * Lets options look at the values that were given, where they can tell more than a schema does.
 * @throws UsageError with every fault
 */
export async function checkValues(
  verb: string,
  options: z.ZodObject,
  { values, given }: ResolvedOptions,
): Promise<void> {
  const faults: Phrase[] = [];
  for (const { key, flag, details } of propertiesOf(options)) {
    if (!details.check || !given.has(key)) continue;
    for (const value of [values[key]].flat()) {
      const fault = typeof value === "string" ? await details.check(value) : null;
      if (fault !== null) faults.push(phrase`${`--${flag}`}: ${asPhrase(fault)}`);
    }
  }
  if (faults.length > 0) throw new UsageError(faults, verb);
}
