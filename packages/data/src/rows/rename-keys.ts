import type { RowPlace } from "../read/row-place.js";
import { RowError } from "./row-error.js";

/**
 * A value with keys renamed, as a row is read under the names of its columns.
 * @throws RowError where two keys come to one name
 */
export function renameKeys(value: unknown, names: ReadonlyMap<string, string>, place: RowPlace): unknown {
  if (names.size === 0 || typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).map(
    ([key, child]) => [names.get(key) ?? key, child as unknown] as const,
  );
  const renamed = Object.fromEntries(entries);
  if (Object.keys(renamed).length < entries.length) {
    const keys = entries.map(([key]) => key);
    const twice = keys.find((key, index) => keys.indexOf(key) !== index) ?? "";
    throw new RowError(twice, "another key is renamed to this one, which the row has already", place);
  }
  return renamed;
}
