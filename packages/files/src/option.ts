import { asPhrase, type Phrase, sayPhrase } from "./errors/phrase.js";

/** What an option that names a file or a folder is for. */
export interface OptionPath {
  /** What has to lie there, such as `model`; a program knows its own kinds. */
  readonly kind: string;
  /** The split that is meant of a folder whose files are named by splits, for rows. */
  readonly split?: string;
}

/** How an option is written on a command line and shown in its help; what it may be is in its schema. */
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
  /**
   * Path of the field that the option is for in what is called with it; null for what only those use who show the work.
   * @defaultValue its key
   */
  readonly field?: string | null;
  /** What its text is the path of: a program looks at what lies there, and downloads what a hub has. */
  readonly path?: OptionPath;
}

/** A schema, as far as an option needs one: anything that can bear a description. */
export interface Describable {
  /** The same schema with a description. */
  describe(description: string): unknown;
}

const detailsOf = new WeakMap<object, OptionDetails>();

/**
 * An option of a recipe or a verb: what it may be, what it is for, and how it is written. Flags, help, the config file's shape and
 * checks all come from here.
 *
 * @param schema of Zod, with bounds and default
 */
export function option<Schema extends Describable>(
  schema: Schema,
  description: string | Phrase,
  details: OptionDetails = {},
): Schema {
  const said = asPhrase(description);
  const described = schema.describe(sayPhrase(said)) as Schema;
  detailsOf.set(described, { ...details, description: said });
  return described;
}

/**
 * Puts options under a heading of the help.
 * @param part path above their fields, such as `train`
 */
export function optionGroup<Shape extends Readonly<Record<string, object>>>(
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
export function optionDetails(schema: object): OptionDetails {
  return detailsOf.get(schema) ?? {};
}
