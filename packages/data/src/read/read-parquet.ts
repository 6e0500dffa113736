import { open } from "node:fs/promises";
import {
  asFileError,
  damageOf,
  FileError,
  findValueFault,
  InputError,
  phrase,
  SpokenError,
} from "@lathe/files";
import type { DataRecord, ReadOptions } from "./data-record.js";
import { GuardedWorker, libraryAddress } from "./guarded-worker.js";
import { PARQUET_PAGE_CHECKS, parquetFaults } from "./parquet-page-checks.js";
import { plainValue } from "./plain-value.js";

/**
 * Bytes of the largest row group, unpacked, that is read: a group is decoded whole, and Parquet's own
 * advice is 128 MB to 1 GB. A header that claims more is damaged or not meant for this machine.
 */
export const MAXIMUM_ROW_GROUP_BYTES = 2 * 1024 ** 3;

/**
 * Streams the rows of a Parquet file, one row group in memory at a time; `line` is the 1-based row. 64-bit integers become
 * numbers where they are exact and decimal strings elsewhere, dates ISO strings, byte and vector columns lists of numbers.
 *
 * @throws FileError when the file cannot be opened or is not Parquet
 */
export async function* readParquet(
  file: string,
  options: ReadOptions = {},
): AsyncGenerator<DataRecord, void, undefined> {
  const reader = await openParquet(file);
  try {
    yield* readGroups(file, reader, options);
  } finally {
    await reader.worker.close();
  }
}

/** A Parquet file that a guarded thread holds open. */
interface ParquetReader {
  readonly worker: GuardedWorker;
  readonly bytes: number;
  readonly rows: number;
  readonly groups: readonly { readonly rows: number; readonly bytes: number }[];
}

async function* readGroups(
  file: string,
  { worker, bytes, groups }: ParquetReader,
  options: ReadOptions,
): AsyncGenerator<DataRecord, void, undefined> {
  let rowStart = 0;
  for (const [index, group] of groups.entries()) {
    const rowEnd = rowStart + group.rows;
    let rows: Record<string, unknown>[];
    try {
      if (group.bytes > MAXIMUM_ROW_GROUP_BYTES) {
        throw new FileError(
          file,
          phrase`has a row group of ${group.bytes} bytes, more than the limit of ${MAXIMUM_ROW_GROUP_BYTES}; write it with smaller row groups`,
        );
      }
      const milliseconds = MILLISECONDS + (bytes / 2 ** 20) * MILLISECONDS_PER_MEGABYTE;
      rows = (await worker.request({ group: index, rowStart, rowEnd }, milliseconds)) as typeof rows;
      if (rows.length !== group.rows)
        throw new SpokenError(phrase`a group of ${group.rows} rows has ${rows.length}`);
    } catch (error) {
      throw asParquetError(file, error);
    }
    for (const [index, row] of rows.entries()) {
      const line = rowStart + index + 1;
      const value = plainValue(row);
      const problem = findValueFault(value);
      yield problem === null
        ? { file, line, value }
        : { file, line, error: problem, text: JSON.stringify(value) };
    }
    rowStart = rowEnd;
    options.onBytes?.(bytes / groups.length);
  }
}

const MILLISECONDS = 1500; // for a small file, on a busy machine
const MILLISECONDS_PER_MEGABYTE = 500; // of the file: decoding takes a tenth of it
const HEAP_MEGABYTES = 4096;

/** Decodes on a thread of its own: damaged counts and lengths lead the library through loops without end. */
const SOURCE = `
const { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } = await import(data.hyparquet);
const { compressors } = await import(data.compressors);
const { parquetHeader } = await import(data.pages);
const { crc32 } = require("node:zlib");
${PARQUET_PAGE_CHECKS}
let file;
let metadata;
const answer = async ({ path, group: index, rowStart, rowEnd }) => {
  if (path === undefined) {
    const group = metadata.row_groups[index];
    await checkPages(file, group);
    const rows = await parquetReadObjects({ file, metadata, rowStart, rowEnd, compressors, parsers });
    checkNulls(group, rows, metadata.schema);
    return rows;
  }
  file = await asyncBufferFromFile(path);
  metadata = await parquetMetadataAsync(file);
  const groups = metadata.row_groups.map((group) => ({
    rows: Number(group.num_rows),
    bytes: Number(group.total_byte_size),
  }));
  return { bytes: file.byteLength, rows: Number(metadata.num_rows), groups };
};
`;

async function openParquet(file: string): Promise<ParquetReader> {
  let worker: GuardedWorker | undefined;
  try {
    await (await open(file, "r")).close();
    const libraries = {
      hyparquet: libraryAddress("hyparquet"),
      compressors: libraryAddress("hyparquet-compressors"),
      pages: libraryAddress("hyparquet/src/column.js"),
    };
    worker = new GuardedWorker(SOURCE, libraries, { heapMegabytes: HEAP_MEGABYTES }, parquetFaults);
    const found = (await worker.request({ path: file }, MILLISECONDS)) as Omit<ParquetReader, "worker">;
    const rows = found.groups.reduce((sum, group) => sum + group.rows, 0);
    if (rows !== found.rows || found.groups.some((group) => !(group.rows >= 0))) {
      throw new SpokenError(phrase`its groups have ${rows} rows, its footer says ${found.rows}`);
    }
    return { worker, ...found };
  } catch (error) {
    await worker?.close();
    throw asParquetError(file, error);
  }
}

function asParquetError(file: string, error: unknown): unknown {
  const known = asFileError(file, "read", error);
  if (known instanceof InputError) return known;
  return new FileError(file, phrase`cannot be read as Parquet: ${damageOf(error)}`, { cause: error });
}
