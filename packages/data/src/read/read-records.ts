import { mkdtemp, rm } from "node:fs/promises";
import { createWriteStream } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { asPhrase, FileError } from "@lathe/files";
import type { DataRecord, ReadOptions } from "./data-record.js";
import { closeChunks, openByContent } from "./open-by-content.js";
import type { OpenedText } from "./open-text.js";
import { arrowRecords } from "./read-arrow.js";
import { csvRecords } from "./read-csv.js";
import { jsonRecords } from "./read-json.js";
import { jsonlRecords } from "./read-jsonl.js";
import { readParquet } from "./read-parquet.js";
import { textRecords } from "./read-text.js";
import type { TextKind } from "./text-kind.js";

/**
 * Streams the records of a file of any known format: JSONL, JSON (a list, or values one after the other), CSV with a header,
 * Parquet, Arrow (file or stream, which Feather is) and plain text, also packed with gzip or Zstandard; text may be UTF-8, UTF-16,
 * GB18030 or Big5, and other encodings where the text leaves no doubt. The format is told by the content and, where that leaves it
 * open, by the extension.
 *
 * @throws FileError when the file cannot be opened, is empty within its packing, or is of a format that is not known
 */
export async function* readRecords(
  file: string,
  options: ReadOptions = {},
): AsyncGenerator<DataRecord, void, undefined> {
  const opened = await openByContent(file, options);
  if (opened.text !== null) {
    if (opened.kind !== null) {
      yield* TEXT_READERS[opened.kind](file, opened.text, options);
      return;
    }
    await closeChunks(opened.text.chunks);
    throw new FileError(
      file,
      asPhrase("is of an unknown kind; expected JSONL, JSON, CSV, Parquet, Arrow or a .txt file"),
    );
  }
  const read = BINARY_READERS[opened.kind];
  if (opened.isPacked) yield* unpackedRecords(file, opened.chunks, read);
  else {
    await closeChunks(opened.chunks);
    yield* read(file, options);
  }
}

const TEXT_READERS: Readonly<
  Record<
    TextKind,
    (file: string, text: OpenedText, options: ReadOptions) => AsyncGenerator<DataRecord, void, undefined>
  >
> = { jsonl: jsonlRecords, json: jsonRecords, csv: csvRecords, text: textRecords };
const BINARY_READERS = { parquet: readParquet, arrow: arrowRecords } as const;

/** Records of a packed file that has to be read from its end: it is unpacked beside, into the folder of temporary files. */
async function* unpackedRecords(
  file: string,
  chunks: AsyncIterable<Buffer>,
  read: typeof readParquet,
): AsyncGenerator<DataRecord, void, undefined> {
  const folder = await mkdtemp(join(tmpdir(), "lathe-unpacked-"));
  try {
    const unpacked = join(folder, "data");
    await pipeline(Readable.from(chunks), createWriteStream(unpacked));
    for await (const record of read(unpacked)) yield { ...record, file };
  } catch (error) {
    if (error instanceof FileError && error.path.startsWith(folder)) throw error.at(file);
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
