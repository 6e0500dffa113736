import { mkdtemp, rm } from "node:fs/promises";
import { createWriteStream } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { asPhrase, FileError, isRecord } from "@lathe/files";
import type { DataRecord, ReadOptions } from "./data-record.js";
import { decodeText } from "./decode-text.js";
import { fileChunks, type OpenedText } from "./open-text.js";
import { parseRecord } from "./parse-record.js";
import { peek } from "./peek.js";
import { arrowRecords } from "./read-arrow.js";
import { csvRecords, delimiterOf } from "./read-csv.js";
import { jsonRecords } from "./read-json.js";
import { jsonlRecords } from "./read-jsonl.js";
import { readParquet } from "./read-parquet.js";
import { textRecords } from "./read-text.js";
import { unpack } from "./unpack.js";

const HEAD_BYTES = 64 * 1024;
const PROBED_LINES = 20;
const MARK = "\ufeff";

/** Formats that are read by their bytes rather than as text, by what they begin with. */
const BINARY = [
  { magic: "PAR1", read: readParquet },
  { magic: "ARROW1", read: arrowRecords },
  { magic: "\xff\xff\xff\xff", read: arrowRecords },
] as const;
/** Extensions of plain text; a file of another kind that is no rows is hardly meant. */
const TEXT_EXTENSIONS = new Set(["", ".txt", ".text", ".md"]);
const FEATHER_1 = "FEA1";

/**
 * Streams the records of a file of any known format: JSONL, JSON (a list, or values one after the other), CSV with a header,
 * Parquet, Arrow (file or stream, which Feather is) and plain text, also packed with gzip or Zstandard; text may be UTF-8, UTF-16 or
 * GB18030. The format is told by the content and, where that leaves it open, by the extension.
 *
 * @throws FileError when the file cannot be opened, is empty within its packing, or is of a format that is not known
 */
export async function* readRecords(
  file: string,
  options: ReadOptions = {},
): AsyncGenerator<DataRecord, void, undefined> {
  const { chunks, isPacked } = await unpack(file, fileChunks(file, options));
  const { head, chunks: all } = await peek(chunks, HEAD_BYTES);
  const start = head.toString("latin1", 0, 8);
  if (start.startsWith(FEATHER_1)) {
    throw new FileError(
      file,
      "is Feather of version 1, which is not read; write it as version 2, Arrow or Parquet",
    );
  }
  const binary = BINARY.find(({ magic }) => start.startsWith(magic)) ?? byExtension(file);
  if (binary !== undefined) {
    if (isPacked) yield* unpackedRecords(file, all, binary.read);
    else {
      await all[Symbol.asyncIterator]().return?.(undefined);
      yield* binary.read(file, options);
    }
    return;
  }
  const text = await decodeText(all);
  const { head: beginning, isAll, chunks: decoded } = await peek(text.chunks, HEAD_BYTES);
  yield* readerOf(file, beginning, isAll)(file, { ...text, chunks: decoded }, options);
}

type TextReader = (
  file: string,
  text: OpenedText,
  options: ReadOptions,
) => AsyncGenerator<DataRecord, void, undefined>;

/** A file that is called Parquet or Arrow and is none is said to be damaged rather than read as text. */
function byExtension(file: string): { readonly read: typeof readParquet } | undefined {
  const extension = extensionOf(file);
  if (extension === ".parquet") return { read: readParquet };
  return [".arrow", ".feather", ".ipc"].includes(extension) ? { read: arrowRecords } : undefined;
}

/** The extension in small letters, without that of a packing. */
export function extensionOf(file: string): string {
  return extname(file.replace(/\.(gz|gzip|zst|zstd)$/i, "")).toLowerCase();
}

/** The reader of text, by its first characters and lines. */
function readerOf(file: string, head: Buffer, isAll: boolean): TextReader {
  const text = head.toString("utf8").replace(MARK, "");
  const extension = extensionOf(file);
  const lines = text.split("\n").map((line) => line.replace(/\r$/, ""));
  const isFirstWhole = isAll || lines.length > 1;
  if (!isAll && lines.length > 1) lines.pop(); // the last one is cut
  const told = lines.filter((line) => line.trim() !== "").slice(0, PROBED_LINES);
  const first = told[0]?.trim() ?? "";
  if (extension === ".csv" || extension === ".tsv") return csvRecords;
  if (first.startsWith("{") || first.startsWith("[")) {
    return isFirstWhole && isOfLines(told, !isAll || told.length > 1) ? jsonlRecords : jsonRecords;
  }
  if ([".jsonl", ".ndjson", ".json"].includes(extension)) return jsonlRecords;
  if (extension === "" && isTable(told)) return csvRecords;
  if (TEXT_EXTENSIONS.has(extension) && !text.includes("\0")) return textRecords;
  throw new FileError(
    file,
    asPhrase("is of an unknown kind; expected JSONL, JSON, CSV, Parquet, Arrow or a .txt file"),
  );
}

/** Whether JSON text is one value a line: the first line is a whole one, or it is faulty among others that are. */
function isOfLines(lines: readonly string[], hasMore: boolean): boolean {
  const [first, ...others] = lines;
  const parsed = parseRecord(first.trim());
  // A list on the only line is one of rows; an object there may wrap one.
  if ("value" in parsed)
    return hasMore || (isRecord(parsed.value) && !Object.values(parsed.value).some(Array.isArray));
  if (!hasMore) return !/\}\s*\{/.test(first);
  if (first.trim().startsWith("[")) return false;
  return others.some((line) => {
    if (!line.startsWith("{")) return false;
    const other = parseRecord(line);
    return "value" in other && isRecord(other.value);
  });
}

/** Whether lines without a telling extension are a table: every one has as many delimiters as the first, and that has some. */
function isTable(lines: readonly string[]): boolean {
  if (lines.length < 2) return false;
  const delimiter = delimiterOf(lines[0]);
  const columns = lines.map((line) => line.replaceAll(/"[^"]*"/g, "").split(delimiter).length);
  return columns[0] > 1 && columns.every((count) => count === columns[0]);
}

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
