import { asPhrase, type OptionDetails, optionDetails, type Phrase, phrase } from "@lathe/files";
import { z } from "zod";

/** What a JSON Schema says of one value, as far as options use it. */
export interface PropertySchema {
  readonly type?: "string" | "number" | "integer" | "boolean" | "array" | "object";
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly items?: PropertySchema;
  /** Schema of the values of a mapping. */
  readonly additionalProperties?: PropertySchema;
  readonly anyOf?: readonly PropertySchema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
}

/** One option as flags, help and messages need it. */
export interface Property {
  /** camelCase, as in the config file. */
  readonly key: string;
  /** kebab-case, without the dashes. */
  readonly flag: string;
  readonly schema: PropertySchema;
  readonly details: OptionDetails;
  readonly required: boolean;
}

/** `learningRate` → `learning-rate` */
export function kebabCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `learning-rate` or `learning_rate` → `learningRate` */
export function camelCase(name: string): string {
  return name.replace(/[-_]+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** The JSON Schema of a config file. */
export function configSchema(options: z.ZodObject): Record<string, unknown> {
  return { ...z.toJSONSchema(options, { io: "input" }), additionalProperties: false };
}

/** The options of a verb, in the order in which they were written. */
export function propertiesOf(options: z.ZodObject): Property[] {
  const { properties = {}, required = [] } = configSchema(options) as {
    properties?: Record<string, PropertySchema>;
    required?: string[];
  };
  return Object.entries<z.ZodType>(options.shape).map(([key, schema]) => ({
    key,
    flag: kebabCase(key),
    schema: properties[key],
    details: optionDetails(schema),
    required: required.includes(key),
  }));
}

/** The alternative of a schema that a flag gives: a list, where the config file may also hold one value. */
export function flagSchema(schema: PropertySchema): PropertySchema {
  return schema.anyOf?.find(({ type }) => type === "array") ?? schema.anyOf?.[0] ?? schema;
}

/** Stands for the value of an option where nothing is said of it: n for a whole number, x for another, name for one of several. */
export function placeholderOf({ details, schema }: Pick<Property, "details" | "schema">): string {
  const wanted = flagSchema(schema);
  const usual = { integer: "n", number: "x", string: wanted.enum ? "name" : "text" };
  return details.placeholder ?? usual[wanted.type as keyof typeof usual] ?? "value";
}

/** What a value has to be, in words. */
export function expectedText(schema: PropertySchema): Phrase {
  if (schema.anyOf) {
    return schema.anyOf.map(expectedText).reduce((before, next) => phrase`${before} or ${next}`);
  }
  if (schema.enum) return phrase`one of ${schema.enum.join(", ")}`;
  switch (schema.type) {
    case "integer":
      return phrase`a whole number${rangeText(schema)}`;
    case "number":
      return phrase`a number${rangeText(schema)}`;
    case "boolean":
      return asPhrase("true or false");
    case "array": {
      const item = schema.items && flagSchema(schema.items);
      return item?.type === undefined ? asPhrase("a list") : phrase`a list, each ${expectedText(item)}`;
    }
    case "object":
      return schema.additionalProperties?.type === undefined
        ? asPhrase("a mapping")
        : phrase`a mapping from names, each to ${expectedText(schema.additionalProperties)}`;
    default:
      return asPhrase("a text that is not empty");
  }
}

function rangeText({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: PropertySchema): Phrase {
  // Every whole number that a double holds is what "no limit" means.
  const low = minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER ? undefined : minimum;
  const high = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (low !== undefined && high !== undefined) return phrase` from ${low} to ${high}`;
  const from =
    low !== undefined
      ? phrase` from ${low}`
      : exclusiveMinimum !== undefined
        ? phrase` above ${exclusiveMinimum}`
        : null;
  const to =
    high !== undefined
      ? phrase` at most ${high}`
      : exclusiveMaximum !== undefined
        ? phrase` below ${exclusiveMaximum}`
        : null;
  return from !== null && to !== null ? phrase`${from},${to}` : (from ?? to ?? asPhrase(""));
}
