import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, type FileMetaData } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import type { DataRecord, ReadOptions } from "./data-record.js";
import { InputError } from "@lathe/files";
import { InputFileError } from "./input-file-error.js";
import { asFileError } from "./read-lines.js";
import { checkValue } from "./safe-json.js";

/**
 * Bytes of the largest row group, unpacked, that is read: a group is decoded whole, and Parquet's own
 * advice is 128 MB to 1 GB. A header that claims more is damaged or not meant for this machine.
 */
export const MAXIMUM_ROW_GROUP_BYTES = 2 * 1024 ** 3;

/**
 * Streams the rows of a Parquet file, one row group in memory at a time; `line` is the 1-based row. 64-bit integers become
 * numbers where they are exact and decimal strings elsewhere, dates ISO strings, byte and vector columns lists of numbers.
 *
 * @throws InputFileError when the file cannot be opened or is not Parquet
 */
export async function* readParquet(
  file: string,
  options: ReadOptions = {},
): AsyncGenerator<DataRecord, void, undefined> {
  const { buffer, metadata } = await openParquet(file);
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    let rows: Record<string, unknown>[];
    try {
      if (group.total_byte_size > BigInt(MAXIMUM_ROW_GROUP_BYTES)) {
        throw new InputFileError(
          file,
          `has a row group of ${group.total_byte_size} bytes, more than the limit of ${MAXIMUM_ROW_GROUP_BYTES}; write it with smaller row groups`,
        );
      }
      rows = await parquetReadObjects({ file: buffer, metadata, rowStart, rowEnd, compressors });
    } catch (error) {
      throw asParquetError(file, error);
    }
    for (const [index, row] of rows.entries()) {
      const line = rowStart + index + 1;
      const value = plainValue(row);
      const problem = checkValue(value);
      yield problem === undefined
        ? { file, line, value }
        : { file, line, error: problem, text: JSON.stringify(value) };
    }
    rowStart = rowEnd;
    options.onBytes?.(buffer.byteLength / metadata.row_groups.length);
  }
}

async function openParquet(
  file: string,
): Promise<{ buffer: Awaited<ReturnType<typeof asyncBufferFromFile>>; metadata: FileMetaData }> {
  try {
    const buffer = await asyncBufferFromFile(file);
    return { buffer, metadata: await parquetMetadataAsync(buffer) };
  } catch (error) {
    throw asParquetError(file, error);
  }
}

function asParquetError(file: string, error: unknown): unknown {
  const known = asFileError(file, error);
  if (known instanceof InputError) return known;
  const reason = error instanceof Error ? error.message : String(error);
  return new InputFileError(file, `cannot be read as Parquet: ${reason}`, { cause: error });
}

function plainValue(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === "bigint") {
    return BigInt.asIntN(54, value) === value ? Number(value) : value.toString();
  }
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (Array.isArray(value)) return value.map(plainValue);
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as Iterable<unknown>, plainValue);
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, plainValue(child)]));
}
