import { digest128 } from "../rows/digest-index.js";
import { rowDigest } from "../rows/row-digest.js";
import type { Row } from "../rows/row.js";

/** Fields that name the dialogue a row belongs to; the first one present decides. */
export const DIALOGUE_FIELDS: readonly string[] = ["dialogue", "dialogue_id", "conversation_id"];

/**
 * Digest of the group of rows that must share a split: the dialogue a row names or, for a row that names none, its content, so
 * that rows of equal content are never on both sides either.
 *
 * @param fields names of the fields that may name the dialogue
 */
export function groupDigest(row: Row, fields: readonly string[] = DIALOGUE_FIELDS): Uint32Array {
  for (const field of fields) {
    const name = Object.hasOwn(row.fields, field) ? row.fields[field] : undefined;
    // CSV has "12" where JSON has 12: one dialogue.
    if ((typeof name === "string" && name !== "") || typeof name === "number") {
      return digest128("dialogue", field, String(name));
    }
  }
  return rowDigest(row);
}
