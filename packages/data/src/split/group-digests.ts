import { digest128 } from "../rows/digest-index.js";
import { rowDigest } from "../rows/row-digest.js";
import type { Row } from "../rows/row.js";

/** Fields that name the dialogue a row belongs to. */
export const DIALOGUE_FIELDS: readonly string[] = ["dialogue", "dialogue_id", "conversation_id"];

/**
 * Digests of the groups of rows that a row must share a split with: one for every field that it has of those given, such as its
 * dialogue and its customer. A row that has none of them is grouped by its content, so that rows of equal content are never on both
 * sides either.
 *
 * @param fields names of the fields whose values name a group
 */
export function groupDigests(row: Row, fields: readonly string[] = DIALOGUE_FIELDS): Uint32Array[] {
  const digests = fields.flatMap((field) => {
    const name = fieldText(row, field);
    return name === "" ? [] : [digest128("dialogue", field, name)];
  });
  return digests.length === 0 ? [rowDigest(row)] : digests;
}

/** A field as a text, as CSV has "12" where JSON has 12; empty where a row has no such field or something else in it. */
export function fieldText(row: Row, field: string): string {
  const value = Object.hasOwn(row.fields, field) ? row.fields[field] : undefined;
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : "";
}
