import { asPhrase, phrase, sayPhrase } from "@lathe/files";
import { z } from "zod";
import type { CommandMessages } from "./command-messages.js";
import type { ConfigFile } from "./config-file.js";
import {
  expectedText,
  flagSchema,
  placeholderOf,
  propertiesOf,
  type Property,
  type PropertySchema,
} from "./property.js";
import { UsageError } from "./usage-error.js";
import type { Verb } from "./verb.js";

/** Options of a verb, checked, and which of them were given. */
export interface ResolvedOptions {
  readonly values: Readonly<Record<string, unknown>>;
  /** Keys that a flag or the file gave. */
  readonly given: ReadonlySet<string>;
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** A part of a flag's text as its schema wants it; the text itself where it is not of that form. */
function coerce(text: string, { type }: PropertySchema): unknown {
  const isNumber = (type === "integer" || type === "number") && NUMBER.test(text);
  return isNumber ? Number(text) : text;
}

/** The value of a flag: what the command line holds, as the schema wants it. */
function flagValue({ schema, details }: Property, raw: unknown): unknown {
  if (typeof raw === "boolean") return raw;
  const wanted = flagSchema(schema);
  if (Array.isArray(raw)) return raw.map((text) => coerce(String(text), wanted.items ?? {}));
  const text = String(raw);
  if (details.parse) return details.parse(text) ?? text;
  if (wanted.type !== "array") return coerce(text, wanted);
  return text
    .split(details.separator ?? ",")
    .map((part) => part.trim())
    .map((part) => coerce(part, wanted.items ?? {}));
}

function shown(value: unknown): string {
  // JSON has no NaN and no infinities.
  const text = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length <= 80 ? text : `${text.slice(0, 80)}…`;
}

/**
 * Merges what was given, flags over file over defaults, and checks all of it.
 *
 * @param flags what the command line holds, by camelCase key
 * @throws UsageError with every fault
 */
export function resolveOptions(
  { name, options, contradictions }: Pick<Verb<CommandMessages>, "name" | "options" | "contradictions">,
  flags: Readonly<Record<string, unknown>>,
  file: ConfigFile | null,
): ResolvedOptions {
  const properties = propertiesOf(options);
  const merged: Record<string, unknown> = { ...file?.values };
  for (const property of properties) {
    if (Object.hasOwn(flags, property.key)) merged[property.key] = flagValue(property, flags[property.key]);
  }
  const given = new Set(Object.keys(merged));
  const result = options.safeParse(merged);
  if (result.success) return { values: result.data, given };

  const faults = result.error.issues.map((issue) => {
    const property = properties.find(({ key }) => key === issue.path[0]);
    if (!property) return asPhrase(issue.message);
    const { key, flag, schema, details } = property;
    if (!Object.hasOwn(merged, key)) return phrase`${`--${flag} ${placeholderOf(property)}`} is required`;
    const where = Object.hasOwn(flags, key) || !file ? `--${flag}` : phrase`${file.path}: key "${key}"`;
    if (issue.code === "custom") return phrase`${where}: ${asPhrase(issue.message)}`;
    const isFlag = Object.hasOwn(flags, key);
    const expected = isFlag ? details.expected : undefined;
    const wanted =
      expected === undefined ? expectedText(isFlag ? flagSchema(schema) : schema) : asPhrase(expected);
    return phrase`${where}: expected ${wanted}, got ${shown(merged[key])}`;
  });
  const atFault = new Set(result.error.issues.map(({ path }) => path[0]));
  const inRange = Object.entries(options.shape).flatMap(([key, schema]) => {
    const value = given.has(key) && !atFault.has(key) ? z.safeParse(schema, merged[key]) : null;
    return value?.success ? [[key, value.data] as const] : [];
  });
  const between = contradictions?.(Object.fromEntries(inRange)) ?? [];
  const all = [...faults, ...between.map((fault) => asPhrase(fault))];
  throw new UsageError([...new Map(all.map((fault) => [sayPhrase(fault), fault])).values()], name);
}
