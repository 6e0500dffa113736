import type { ReadOptions } from "../read/data-record.js";
import { parseRow } from "./parse-row.js";
import { readRecords } from "../read/read-records.js";
import { RowError } from "./row-error.js";
import type { RowPlace } from "../read/row-place.js";
import type { Row } from "./row.js";

/**
 * Streams the rows of a file that is expected to be sound, such as a split of a prepared folder; the first record that is
 * no row ends it. Files that may hold bad rows go through `prepare`, or through {@link readRecords} and {@link parseRow}.
 *
 * @throws RowError with file and line, at the first record that is malformed or of no known shape
 * @throws FileError when the file cannot be opened or is of an unknown kind
 */
export async function* readRows(
  file: string,
  options: ReadOptions = {},
): AsyncGenerator<RowPlace & { readonly row: Row }, void, undefined> {
  for await (const record of readRecords(file, options)) {
    const place: RowPlace = { file: record.file, line: record.line };
    if ("error" in record) throw new RowError(null, record.error, place);
    yield { ...place, row: parseRow(record.value, place) };
  }
}
