import { phrase } from "@lathe/files";
import type { RowPlace } from "../read/row-place.js";
import { RowError } from "./row-error.js";
import type { Row, RowFields } from "./row.js";
import { typeName } from "./type-name.js";

/**
 * The kept fields with `weight`, the factor on the losses of a row, as a number: tables have it as text.
 * @throws RowError for a weight that is no number from 0
 */
export function withWeight(fields: RowFields, place?: RowPlace): RowFields {
  const given = Object.hasOwn(fields, "weight") ? fields["weight"] : null;
  if (given == null || (typeof given === "string" && given.trim() === "")) return fields;
  const weight = typeof given === "string" ? Number(given) : given;
  if (typeof weight !== "number" || !(weight >= 0 && Number.isFinite(weight))) {
    const got =
      typeof given === "string"
        ? JSON.stringify(given)
        : typeof given === "number"
          ? String(given)
          : typeName(given);
    throw new RowError(
      "weight",
      phrase`expected a number from 0, the factor on the losses of the row, got ${got}; a column that means something else is renamed with --map note=weight`,
      place,
    );
  }
  return { ...fields, weight };
}

/** Factor on the losses of a row's labels: its `weight`, 1 where it has none. */
export function rowWeight({ fields }: Row): number {
  const weight = Object.hasOwn(fields, "weight") ? fields["weight"] : null;
  return typeof weight === "number" ? weight : 1;
}
