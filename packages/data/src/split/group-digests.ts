import { digest128 } from "../rows/digest-index.js";
import { rowDigest } from "../rows/row-digest.js";
import type { Row } from "../rows/row.js";

/** Fields that name the dialogue a row belongs to. */
export const DIALOGUE_FIELDS: readonly string[] = ["dialogue", "dialogue_id", "conversation_id"];

/**
 * Digests of the groups of rows that a row must share a split with: one for every field that it has of those given, such as its
 * dialogue and its customer. A row that has none of them is grouped by its content, so that rows of equal content are never on both
 * sides either; a whole dialogue whose own `id` is a name also by that, as its turns may lie beside it as rows of their own.
 *
 * @param fields names of the fields whose values name a group
 */
export function groupDigests(row: Row, fields: readonly string[] = DIALOGUE_FIELDS): Uint32Array[] {
  const digests = fields.flatMap((field) => {
    const name = fieldText(row, field);
    return name === "" ? [] : [groupDigest(field, name)];
  });
  if (digests.length > 0) return digests;
  const id = row.kind === "messages" ? fieldText(row, "id") : "";
  return [rowDigest(row), ...(isName(id) ? [groupDigest(DIALOGUE_FIELDS[0], id)] : [])];
}

/** A dialogue is the same whichever of its fields names it. */
const groupDigest = (field: string, name: string): Uint32Array =>
  digest128("dialogue", DIALOGUE_FIELDS.includes(field) ? DIALOGUE_FIELDS[0] : field, name);

/** Numbers alone are counted anew in every file, and name nothing beyond it. */
const isName = (id: string): boolean => id.length >= 6 && /\D/.test(id);

/** A field as a text, as CSV has "12" where JSON has 12; empty where a row has no such field or something else in it. */
export function fieldText(row: Row, field: string): string {
  const value = Object.hasOwn(row.fields, field) ? row.fields[field] : undefined;
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : "";
}
