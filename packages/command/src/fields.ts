import type { z } from "zod";
import { kebabCase, propertiesOf, type Property } from "./property.js";

/** Path of the field that an option is for; null for what only the command uses. */
const fieldOf = ({ key, details }: Property): string | null =>
  details.field === undefined ? key : details.field;

/**
 * The options of a verb as the function takes them that it calls: `batchSize` at `train.batchSize`, and so on, as their
 * `field` says.
 * @param only keys to take; all that have a value unless given
 */
export function fieldsOf<Fields extends object>(
  options: z.ZodObject,
  values: Readonly<Record<string, unknown>>,
  only?: ReadonlySet<string>,
): Fields {
  const made: Record<string, unknown> = {};
  for (const property of propertiesOf(options)) {
    const field = fieldOf(property);
    const value = values[property.key];
    if (field === null || value === undefined || (only && !only.has(property.key))) continue;
    const path = field.split(".");
    const [last] = path.splice(-1);
    let place = made;
    for (const name of path) place = (place[name] ??= {}) as Record<string, unknown>;
    place[last] = value;
  }
  return made as Fields;
}

/** What the flag for a field is called where the verb is not known: `train.batchSize` → `--batch-size` */
export const flagOfField = (field: string): string =>
  `--${kebabCase(field.slice(field.lastIndexOf(".") + 1))}`;

/** The flag for a field, or for the nearest field above it; the field as it is where none is for it. */
export function flagOf(options: z.ZodObject, field: string): string {
  const properties = propertiesOf(options);
  for (let path = field; path !== ""; path = path.slice(0, Math.max(0, path.lastIndexOf(".")))) {
    const property = properties.find((candidate) => fieldOf(candidate) === path);
    if (property) return `--${property.flag}`;
  }
  return field;
}
