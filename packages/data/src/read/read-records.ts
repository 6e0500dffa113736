import { extname } from "node:path";
import { FileError } from "@lathe/files";
import type { DataRecord, ReadOptions } from "./data-record.js";
import { readCsv } from "./read-csv.js";
import { readJsonl } from "./read-jsonl.js";
import { readParquet } from "./read-parquet.js";

/**
 * Streams the records of a file by its extension: `.jsonl` and `.ndjson`, `.csv` and `.tsv` with a header, `.parquet`.
 *
 * @throws FileError when the extension is another one or the file cannot be opened
 */
export function readRecords(
  file: string,
  options: ReadOptions = {},
): AsyncGenerator<DataRecord, void, undefined> {
  switch (extname(file).toLowerCase()) {
    case ".jsonl":
    case ".ndjson":
      return readJsonl(file, options);
    case ".csv":
      return readCsv(file, options);
    case ".tsv":
      return readCsv(file, { ...options, delimiter: "\t" });
    case ".parquet":
      return readParquet(file, options);
    default:
      throw new FileError(file, "is of an unknown kind; expected .jsonl, .ndjson, .csv, .tsv or .parquet");
  }
}
