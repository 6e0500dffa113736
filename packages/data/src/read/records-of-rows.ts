import { findValueFault, type Phrase, phrase } from "@lathe/files";
import type { DataRecord } from "./data-record.js";

/** Rows that are no file: in memory, or made one after the other. */
export interface NamedRows {
  /** Stands for a file's name in messages, in `rejected.jsonl` and in the manifest. */
  readonly name: string;
  /** In any shape that a row of a file may have; read once. */
  readonly rows: Iterable<unknown> | AsyncIterable<unknown>;
}

/**
 * Rows as the records that a JSONL file of them would give: a `Date` becomes its text, what JSON cannot hold becomes a
 * record with `error`. `line` is the number of the row, from 1.
 */
export async function* recordsOfRows({ name, rows }: NamedRows): AsyncGenerator<DataRecord, void, undefined> {
  let line = 0;
  for await (const row of rows) {
    const place = { file: name, line: ++line };
    // A row that holds itself nests without end, which is refused before JSON meets it.
    const fault = findValueFault(row);
    if (fault !== null) {
      yield { ...place, error: fault, text: typeof row };
      continue;
    }
    const json = asJson(row);
    yield "error" in json
      ? { ...place, error: json.error, text: typeof row }
      : { ...place, value: JSON.parse(json.text) as unknown };
  }
}

function asJson(row: unknown): { text: string } | { error: Phrase } {
  try {
    const text = JSON.stringify(row) as string | undefined;
    return text === undefined ? { error: phrase`expected a row, got ${typeof row}` } : { text };
  } catch (error) {
    return { error: phrase`expected a row that JSON can hold, got one for which it fails: ${String(error)}` };
  }
}
