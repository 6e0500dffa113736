import { type Phrase, phrase } from "@lathe/files";
import { listPhrase } from "./list-phrase.js";
import type { RowSource } from "./row-source.js";

/** Rows of a step that something is said of. */
export interface PlacedRows {
  /** Numbers of rows, from 0. */
  readonly rows: readonly number[];
  /** Where they come from, one a row, e.g. `rows.jsonl:12`; left out where their source does not tell. */
  readonly places?: readonly string[];
}

/** Rows with their places, where their source tells them. */
export function placedRows(source: RowSource<unknown>, rows: readonly number[]): PlacedRows {
  return source.place ? { rows, places: rows.map((row) => source.place!(row)) } : { rows };
}

/** Names rows by where they come from, or by their numbers. */
export function placedRowsPhrase({ rows, places }: PlacedRows): Phrase {
  return phrase`rows ${listPhrase(places ?? rows)}`;
}
