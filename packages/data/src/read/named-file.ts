import { FileError } from "@lathe/files";
import type { DataRecord, ReadOptions } from "./data-record.js";
import { readRecords } from "./read-records.js";

/** A file that goes by another name than its path, as one that was brought from an address does. */
export interface NamedFile {
  /** Stands for the path in messages, in `rejected.jsonl` and in the manifest. */
  readonly name: string;
  /** Path of the file. */
  readonly file: string;
}

/**
 * The records of a file under its name.
 *
 * @throws FileError as {@link readRecords} does, under that name
 */
export async function* recordsOfNamedFile(
  { name, file }: NamedFile,
  options: ReadOptions = {},
): AsyncGenerator<DataRecord, void, undefined> {
  try {
    for await (const record of readRecords(file, options)) yield { ...record, file: name };
  } catch (error) {
    if (error instanceof FileError && error.path === file) throw error.at(name);
    throw error;
  }
}
