import { open, stat } from "node:fs/promises";
import { asFileError, damageOf, FileError, findValueFault, InputError, phrase } from "@lathe/files";
import { ARROW_COLUMN_CHECKS, arrowFaults } from "./arrow-column-checks.js";
import type { DataRecord, ReadOptions } from "./data-record.js";
import { GuardedWorker, libraryAddress } from "./guarded-worker.js";
import { plainValue } from "./plain-value.js";

const MILLISECONDS = 2000; // for a thousand rows, on a busy machine
const MILLISECONDS_PER_MEGABYTE = 500; // of the file, as one batch may be all of it
const HEAP_MEGABYTES = 4096;

/**
 * Hands out the rows of an Arrow file or stream, a thousand at a time. Timestamps become dates, lists and structs plain values. LZ4
 * frames, the packing that Feather files have as a rule, are read here: their blocks may refer to what came before them.
 */
const SOURCE = `
const { open } = require("node:fs/promises");
const { createReadStream } = require("node:fs");
const { RecordBatchReader, Message, DataType, compressionRegistry, CompressionType } = await import(data.arrow);
const { decompress } = await import(data.zstd);
const LZ4_FRAME = 0;
const ZSTD = 1;
const ROWS = 1000;

const unpackLz4 = (packed) => {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  if (view.getUint32(0, true) !== 0x184d2204) throw new RangeError("a buffer is no LZ4 frame");
  const flags = packed[4];
  let at = 7 + (flags & 8 ? 8 : 0) + (flags & 1 ? 4 : 0);
  let output = new Uint8Array(Math.max(1024, packed.length * 4));
  let size = 0;
  const room = (bytes) => {
    if (size + bytes <= output.length) return;
    const larger = new Uint8Array(Math.max(output.length * 2, size + bytes));
    larger.set(output.subarray(0, size));
    output = larger;
  };
  const lengthAfter = (start) => {
    let length = start;
    if (start === 15) for (let more = 255; more === 255; length += more) more = packed[at++];
    if (!(length >= 0)) throw new RangeError("an LZ4 block ends too early");
    return length;
  };
  for (;;) {
    const word = view.getUint32(at, true);
    at += 4;
    if (word === 0) return output.subarray(0, size);
    const end = at + (word & 0x7fffffff);
    if (end > packed.length) throw new RangeError("an LZ4 block ends too early");
    if (word >>> 31) {
      room(end - at);
      output.set(packed.subarray(at, end), size);
      size += end - at;
      at = end;
    }
    while (at < end) {
      const token = packed[at++];
      const literals = lengthAfter(token >> 4);
      if (at + literals > end) throw new RangeError("an LZ4 block ends too early");
      room(literals);
      output.set(packed.subarray(at, at + literals), size);
      size += literals;
      at += literals;
      if (at >= end) break;
      const offset = packed[at] | (packed[at + 1] << 8);
      at += 2;
      const length = lengthAfter(token & 15) + 4;
      if (offset === 0 || offset > size) throw new RangeError("an LZ4 block refers to nothing");
      room(length);
      for (let index = 0; index < length; index++, size++) output[size] = output[size - offset];
    }
    if (flags & 16) at += 4;
  }
};
compressionRegistry.set(CompressionType?.LZ4_FRAME ?? LZ4_FRAME, { decode: unpackLz4 });
// A copy begins where columns of 64 bits may.
compressionRegistry.set(CompressionType?.ZSTD ?? ZSTD, { decode: (packed) => decompress(packed).slice() });

const plain = (value, type) => {
  if (value === null || value === undefined) return null;
  if (DataType.isDictionary(type)) return plain(value, type.dictionary);
  if (DataType.isTimestamp(type) || DataType.isDate(type)) return new Date(Number(value));
  if (DataType.isDecimal(type)) return String(value);
  if (DataType.isList(type) || DataType.isFixedSizeList(type) || DataType.isLargeList?.(type)) {
    return Array.from(value, (child) => plain(child, type.children[0].type));
  }
  if (DataType.isStruct(type)) return Object.fromEntries(type.children.map((field) => [field.name, plain(value[field.name], field.type)]));
  if (DataType.isMap(type)) {
    const child = type.children[0].type.children[1].type;
    return Object.fromEntries([...value].map(([key, inner]) => [String(key), plain(inner, child)]));
  }
  return typeof value === "object" && !ArrayBuffer.isView(value) ? String(value) : value;
};

${ARROW_COLUMN_CHECKS}
const LONGEST_PADDING = 64;
const described = ({ fields, metadata }) =>
  JSON.stringify([[...metadata], fields.map(({ name, type, nullable, metadata: own }) => [name, String(type), nullable, [...own]])]);
const readAt = async (handle, position, length) => {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await handle.read(bytes, 0, length, position);
  return bytes.subarray(0, bytesRead);
};
/** A file says twice where its batches are, by their order and in the directory, and as most programs write it twice what its columns are. */
const checkDirectory = async (handle, { schema, footer }) => {
  const { size } = await handle.stat();
  const prefix = await readAt(handle, 8, 8);
  const length = prefix.readInt32LE(0) === -1 ? prefix.readInt32LE(4) : 0;
  if (length > 0 && 16 + length <= size) {
    const first = Message.decode(await readAt(handle, 16, length));
    if (first.isSchema() && described(first.header()) !== described(schema)) fault("schemas");
  }
  const trailer = await readAt(handle, size - 10, 10);
  const blocks = [...footer.dictionaryBatches(), ...footer.recordBatches()]
    .map(({ offset, metaDataLength, bodyLength }) => ({ offset, end: offset + metaDataLength + bodyLength }))
    .sort((a, b) => a.offset - b.offset);
  const ends = [...blocks.slice(1).map(({ offset }) => offset), size - 10 - trailer.readInt32LE(0)];
  for (const [index, { end }] of blocks.entries()) {
    const gap = ends[index] - end;
    if (gap < 0) fault("overlap");
    if (gap >= LONGEST_PADDING) fault("gap", gap);
  }
};

/** A stream ends behind a message, with the mark of its end or without; the library takes less than a message for the end. */
const checkStream = async (path) => {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    for (let offset = 0; offset < size; ) {
      const prefix = await readAt(handle, offset, 8);
      // Streams of old versions have no mark before a message.
      if (offset === 0 && (prefix.length < 8 || prefix.readInt32LE(0) !== -1)) return;
      const length = prefix.length < 8 || prefix.readInt32LE(0) !== -1 ? -1 : prefix.readInt32LE(4);
      if (length === 0 && offset + 8 === size) return;
      if (length <= 0 || offset + 8 + length > size) fault("end");
      const body = Number(Message.decode(await readAt(handle, offset + 8, length)).bodyLength);
      if (!(body >= 0) || offset + 8 + length + body > size) fault("end");
      offset += 8 + length + body;
    }
  } finally {
    await handle.close();
  }
};

let batches;
let batch = null;
let next = 0;
const answer = async ({ path, isFile }) => {
  if (path !== undefined) {
    if (!isFile) await checkStream(path);
    const handle = isFile ? await open(path, "r") : null;
    const reader = await RecordBatchReader.from(handle ?? createReadStream(path));
    await reader.open({ autoDestroy: false });
    if (handle !== null && reader.footer != null) await checkDirectory(handle, reader);
    batches = reader[Symbol.asyncIterator]();
    return null;
  }
  while (batch === null || next >= batch.numRows) {
    const { done, value } = await batches.next();
    if (done) return null;
    batch = value;
    checkBatch(batch);
    next = 0;
  }
  const end = Math.min(batch.numRows, next + ROWS);
  const columns = batch.schema.fields.map((field, index) => [field, batch.getChildAt(index)]);
  const rows = [];
  for (; next < end; next++) {
    rows.push(Object.fromEntries(columns.map(([field, column]) => [field.name, plain(column.get(next), field.type)])));
  }
  return { rows };
};
`;

/**
 * Streams the rows of an Arrow file or stream, which Feather of version 2 and the data sets of Hugging Face are; `line` is the
 * 1-based row. Values are as those of Parquet.
 *
 * @throws FileError when the file cannot be opened or is not Arrow
 */
export async function* arrowRecords(
  file: string,
  options: ReadOptions = {},
): AsyncGenerator<DataRecord, void, undefined> {
  let worker: GuardedWorker | undefined;
  try {
    const { size } = await stat(file);
    worker = new GuardedWorker(
      SOURCE,
      { arrow: libraryAddress("apache-arrow"), zstd: libraryAddress("fzstd") },
      { heapMegabytes: HEAP_MEGABYTES },
      arrowFaults,
    );
    const milliseconds = MILLISECONDS + (size / 2 ** 20) * MILLISECONDS_PER_MEGABYTE;
    await worker.request({ path: file, isFile: await isArrowFile(file) }, milliseconds);
    let line = 0;
    for (;;) {
      const answer = (await worker.request({}, milliseconds)) as { rows: Record<string, unknown>[] } | null;
      if (answer === null) break;
      for (const row of answer.rows) {
        const value = plainValue(row);
        const problem = findValueFault(value);
        line += 1;
        yield problem === null
          ? { file, line, value }
          : { file, line, error: problem, text: JSON.stringify(value) };
      }
    }
    options.onBytes?.(size);
  } catch (error) {
    const known = asFileError(file, "read", error);
    if (known instanceof InputError) throw known;
    throw new FileError(file, phrase`cannot be read as Arrow: ${damageOf(error)}`, { cause: error });
  } finally {
    await worker?.close();
  }
}

async function isArrowFile(file: string): Promise<boolean> {
  const handle = await open(file, "r");
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(6), 0, 6, 0);
    return buffer.toString("latin1", 0, bytesRead) === "ARROW1";
  } finally {
    await handle.close();
  }
}
