import { asPhrase, type Phrase, sayPhrase } from "@lathe/files";
import type { z } from "zod";
import type { CommandMessages } from "./command-messages.js";
import type { VerbContext } from "./verb.js";

/** How an option is written on the command line and shown in the help; what it may be is in its schema. */
export interface OptionDetails {
  /** What the option is for, as {@link option} was given it. */
  readonly description?: Phrase;
  /** Stands for the value in the help, e.g. `DIR`. @defaultValue by the schema: n, x, name or text */
  readonly placeholder?: string;
  /** Unit of a number, e.g. `steps`. */
  readonly unit?: string;
  /** Heading of the help under which the option stands. */
  readonly group?: string;
  /** A list that is one value on the command line, its parts set apart by this. Other lists take several values. */
  readonly separator?: string;
  /** What the flag that switches a boolean off is for, where the option is on by default. */
  readonly negated?: string;
  /** Said of an option that is required only at times. */
  readonly requiredText?: string;
  /** Shown as the default where the schema has none. */
  readonly defaultText?: string;
  /** Reads the flag's text, where its form is not that of the schema. @returns undefined when it cannot be read */
  readonly parse?: (text: string) => unknown;
  /** What `parse` reads, in words. */
  readonly expected?: string;
  /** Path of the field that the option is for in what the verb calls; null for what only the command uses. @defaultValue its key */
  readonly field?: string | null;
  /** Looks at a text that was given, e.g. at what lies at a path. @returns what is wrong with it, or null */
  readonly check?: (text: string) => Promise<string | Phrase | null>;
  /** What a text that was given stands for, such as the folder of a download; asked after all checks. */
  readonly resolve?: (text: string, context: ResolveContext) => Promise<string>;
}

/** What {@link OptionDetails.resolve} works with. */
export type ResolveContext = Pick<
  VerbContext<CommandMessages>,
  "io" | "messages" | "signal" | "note" | "warn" | "progress"
>;

const detailsOf = new WeakMap<z.ZodType, OptionDetails>();

/** An option of a verb: what it may be, what it is for, and how it is written. */
export function option<Schema extends z.ZodType>(
  schema: Schema,
  description: string | Phrase,
  details: OptionDetails = {},
): Schema {
  const said = asPhrase(description);
  const described = schema.describe(sayPhrase(said));
  detailsOf.set(described, { ...details, description: said });
  return described;
}

/**
 * Puts options under a heading of the help.
 * @param part path above their fields, such as `train`
 */
export function optionGroup<Shape extends Readonly<Record<string, z.ZodType>>>(
  group: string,
  shape: Shape,
  part?: string,
): Shape {
  for (const [key, schema] of Object.entries(shape)) {
    const field = part === undefined ? {} : { field: `${part}.${key}` };
    detailsOf.set(schema, { ...field, ...detailsOf.get(schema), group });
  }
  return shape;
}

/** Details of an option; none where it was not made by {@link option}. */
export function optionDetails(schema: z.ZodType): OptionDetails {
  return detailsOf.get(schema) ?? {};
}
