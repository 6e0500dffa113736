import { type Phrase, sayPhrase } from "@lathe/files";
import type { CleaningExample } from "../clean/row-cleaner.js";
import type { RowPlace } from "../read/row-place.js";

const EXAMPLE_CHARACTERS = 200; // of a row or a malformed line

/** The line of rejected.jsonl for a row that is set aside. */
export function rejectionLine(source: unknown, reason: string | Phrase, place: RowPlace): string {
  return JSON.stringify({ row: source, reason: sayPhrase(reason), ...place });
}

/** A row that is set aside as an example of the report. */
export function rejectionExample(source: unknown, reason: string | Phrase, place: RowPlace): CleaningExample {
  const text = typeof source === "string" ? source : JSON.stringify(source);
  return { ...place, before: text.slice(0, EXAMPLE_CHARACTERS), reason: sayPhrase(reason) };
}
