import { isRecord } from "@lathe/files";
import { readRecords } from "../read/read-records.js";
import { parseRow } from "./parse-row.js";
import { renameKeys } from "./rename-keys.js";
import { RowError } from "./row-error.js";
import type { Row } from "./row.js";

/** What the keys of a row are taken for. */
export interface RowColumns {
  /** The shape that was recognised. */
  readonly kind: Row["kind"];
  /** Keys that are learnt from or that steer learning, in the order of the row. */
  readonly learnt: readonly string[];
  /** Keys that nothing is learnt from. */
  readonly others: readonly string[];
  /** A mapping that would learn more of the row, such as `input=text,output=category`; null where none suggests itself. */
  readonly suggestion: string | null;
}

const PROBED_RECORDS = 20;

/** What the keys of a value are taken for. @throws RowError where it is no row */
export function rowColumns(value: unknown): RowColumns {
  const row = parseRow(value);
  const keys = isRecord(value) ? Object.keys(value) : [];
  const others = keys.filter((key) => key !== "weight" && Object.hasOwn(row.fields, key));
  const learnt = keys.filter((key) => !others.includes(key));
  // Running text beside another text is rather a question and its label.
  const label = others.find((key) => isRecord(value) && typeof value[key] === "string" && value[key] !== "");
  const suggestion = row.kind === "text" && label !== undefined ? `input=text,output=${label}` : null;
  return { kind: row.kind, learnt, others, suggestion };
}

/**
 * What the columns of a file are taken for, by the first of its records that is a row; null where none of the first is.
 * @param names keys to rename before a row is read
 * @throws FileError as `readRecords` does
 */
export async function readColumns(
  file: string,
  names: ReadonlyMap<string, string> = new Map(),
): Promise<RowColumns | null> {
  let probed = 0;
  for await (const record of readRecords(file)) {
    if (probed++ >= PROBED_RECORDS) break;
    if ("error" in record) continue;
    try {
      return rowColumns(renameKeys(record.value, names, record));
    } catch (error) {
      if (!(error instanceof RowError)) throw error; // told when all rows are read
    }
  }
  return null;
}
