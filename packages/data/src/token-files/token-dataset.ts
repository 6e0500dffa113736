import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import type { Schema } from "apache-arrow";
import {
  AsyncRecordBatchFileReader,
  DataType,
  Message,
  MessageHeader,
  RecordBatchReader,
  RecordBatchStreamWriter,
  type RecordBatch,
} from "apache-arrow";
import { asFileError, InputError, phrase, asPhrase, phraseOfError } from "@lathe/files";
import { ArrowGuard } from "./arrow-guard.js";
import { checkPreparedHash } from "./check-prepared-hash.js";
import { TokenFileError } from "./token-file-error.js";
import { TOKEN_FILE_VERSION, type TokenFileMetadata, type TokenRow } from "./token-row.js";
import type { TokenRowInput } from "./write-token-file.js";

const MAGIC = "ARROW1"; // first bytes of an Arrow IPC file, and last
const TRAILER_BYTES = 4 + MAGIC.length; // length of the footer, magic
const CACHED_BATCHES = 32; // at half a megabyte each; shuffled access reads a batch per row beyond them
const MAXIMUM_METADATA_BYTES = 16 * 1024 * 1024; // of one message; those of token files stay under a kilobyte
const END_OF_STREAM_BYTES = 8;

/** Rows of one batch, decoded. */
interface Batch {
  readonly idOffsets: Int32Array;
  readonly ids: Int32Array;
  readonly labelOffsets: Int32Array;
  readonly labels: Int32Array;
  readonly rows: Int32Array | null;
}

/** Where rows come from: batches by their index. */
interface BatchSource {
  /** First row of every batch, and at the end the number of rows. */
  readonly firstRows: readonly number[];
  readonly load: (batch: number) => Batch;
}

/**
 * Token rows with random access, from a token file or from memory. Of a file only some batches are in
 * memory at a time, and none of it is held open: there is nothing to close.
 */
export class TokenDataset {
  /** Number of rows. */
  readonly length: number;
  readonly #source: BatchSource;
  readonly #cache = new Map<number, Batch>();
  #lengths: Int32Array | undefined;

  private constructor(
    source: BatchSource,
    /** What produced the tokens; null for rows that did not come from a token file of Lathe's. */
    readonly metadata: TokenFileMetadata | null,
  ) {
    this.#source = source;
    this.length = source.firstRows.at(-1) ?? 0;
  }

  /**
   * Opens a token file. Reads its directory and checks that it is whole; rows are read when they are asked for. A file of a
   * prepared folder is read through once and compared with the hash in the manifest; the structure of any other file is looked at
   * on a guarded thread before anything relies on it.
   *
   * @param guard the thread, where many files are opened; else one is started for this file
   *
   * @throws TokenFileError when the file is cut off, is no Arrow IPC file, is damaged, or has other columns
   */
  static async open(path: string, { guard }: { readonly guard?: ArrowGuard } = {}): Promise<TokenDataset> {
    let handle: FileHandle;
    try {
      handle = await open(path, "r");
    } catch (error) {
      throw asFileError(path, "read", error);
    }
    try {
      await checkEnds(path, handle);
      if (!(await checkPreparedHash(path))) await refuseDamage(path, guard);
      const { source, metadata } = await openFile(path, handle);
      return new TokenDataset(source, metadata);
    } catch (error) {
      // Damage shows in many ways once it is believed; a fault of the file system is none.
      if ((error as NodeJS.ErrnoException).syscall !== undefined) throw asFileError(path, "read", error);
      throw error instanceof InputError ? error : asTokenFileError(path, error);
    } finally {
      await handle.close().catch(() => undefined); // the Arrow reader may have closed it
    }
  }

  /**
   * A data set of rows that are in memory; the arrays are copied.
   *
   * @throws RangeError when a row has not as many labels as ids
   */
  static fromRows(rows: Iterable<TokenRowInput>): TokenDataset {
    const list = [...rows];
    list.forEach(({ inputIds, labels }, index) => {
      if (inputIds.length !== labels.length) {
        throw new RangeError(
          `row ${index}: expected ${inputIds.length} labels, one for each id, got ${labels.length}`,
        );
      }
    });
    const offsets = offsetsOf(list.map(({ inputIds }) => inputIds.length));
    const batch: Batch = {
      idOffsets: offsets,
      ids: concatenate(list.map(({ inputIds }) => inputIds)),
      labelOffsets: offsets,
      labels: concatenate(list.map(({ labels }) => labels)),
      rows: Int32Array.from(list, ({ row }, index) => row ?? index),
    };
    return new TokenDataset({ firstRows: [0, list.length], load: () => batch }, null);
  }

  /**
   * One row; its arrays are copies of the caller's own.
   *
   * @throws RangeError when there is no row of that index
   * @throws TokenFileError when the file has changed or cannot be read
   */
  row(index: number): TokenRow {
    if (!Number.isInteger(index) || index < 0 || index >= this.length) {
      throw new RangeError(`expected a row from 0 to ${this.length - 1}, got ${index}`);
    }
    const number = this.#batchOf(index);
    const { idOffsets, ids, labelOffsets, labels, rows } = this.#batch(number);
    const local = index - this.#source.firstRows[number];
    return {
      inputIds: ids.slice(idOffsets[local], idOffsets[local + 1]),
      labels: labels.slice(labelOffsets[local], labelOffsets[local + 1]),
      row: rows === null ? index : rows[local],
    };
  }

  /** [rows] tokens of every row, for planning batches. The first call on a file reads all of it once. */
  lengths(): Int32Array {
    if (this.#lengths === undefined) {
      const lengths = new Int32Array(this.length);
      for (let number = 0; number + 1 < this.#source.firstRows.length; number++) {
        const first = this.#source.firstRows[number];
        const { idOffsets } = this.#batch(number);
        for (let local = 0; local + 1 < idOffsets.length; local++) {
          lengths[first + local] = idOffsets[local + 1] - idOffsets[local];
        }
      }
      this.#lengths = lengths;
    }
    return this.#lengths.slice();
  }

  /** The rows in order. */
  *[Symbol.iterator](): Generator<TokenRow, void, undefined> {
    for (let index = 0; index < this.length; index++) yield this.row(index);
  }

  /** The batch that holds a row, by bisection. */
  #batchOf(row: number): number {
    const { firstRows } = this.#source;
    let low = 0;
    let high = firstRows.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (firstRows[middle] <= row) low = middle;
      else high = middle;
    }
    return low;
  }

  /** A batch, the least recently used one making room for it. */
  #batch(number: number): Batch {
    const batch = this.#cache.get(number) ?? this.#source.load(number);
    this.#cache.delete(number);
    this.#cache.set(number, batch);
    if (this.#cache.size > CACHED_BATCHES) {
      for (const oldest of this.#cache.keys()) {
        this.#cache.delete(oldest);
        break;
      }
    }
    return batch;
  }
}

/** Checks that the file begins and ends as an Arrow IPC file does. */
async function checkEnds(path: string, handle: FileHandle): Promise<void> {
  const { size } = await handle.stat();
  const head = await readAt(handle, 0, MAGIC.length);
  const trailer = await readAt(handle, Math.max(0, size - TRAILER_BYTES), TRAILER_BYTES);
  if (head.toString("latin1") !== MAGIC)
    throw new TokenFileError(path, "is no Arrow IPC file; make one with prepare");
  const footerBytes = trailer.length === TRAILER_BYTES ? trailer.readInt32LE(0) : -1;
  const ended = trailer.toString("latin1", 4) === MAGIC;
  if (!ended || footerBytes <= 0 || footerBytes > size - TRAILER_BYTES - MAGIC.length) {
    throw new TokenFileError(path, phrase`is cut off after ${size} bytes; make it again`);
  }
}

async function refuseDamage(path: string, given: ArrowGuard | undefined): Promise<void> {
  const guard = given ?? new ArrowGuard();
  try {
    await guard.check(path);
  } catch (error) {
    throw asTokenFileError(path, error);
  } finally {
    if (given === undefined) await guard.close();
  }
}

async function openFile(
  path: string,
  handle: FileHandle,
): Promise<{ source: BatchSource; metadata: TokenFileMetadata | null }> {
  const { size, mtimeMs } = await handle.stat();
  const { schema, blocks } = await readFooter(path, handle);
  checkColumns(path, schema);
  const firstRows = [0];
  for (const { offset, metaDataLength, bodyLength } of blocks) {
    const within =
      offset >= MAGIC.length &&
      metaDataLength > 0 &&
      bodyLength >= 0 &&
      offset + metaDataLength + bodyLength <= size;
    if (!within || metaDataLength > MAXIMUM_METADATA_BYTES) {
      throw new TokenFileError(path, "has a directory that points outside of the file; make it again");
    }
    firstRows.push(
      firstRows[firstRows.length - 1] + batchRows(path, await readAt(handle, offset, metaDataLength)),
    );
  }

  const schemaMessage = encodeSchema(schema);
  const load = (number: number): Batch => {
    const { offset, metaDataLength, bodyLength } = blocks[number];
    const bytes = Buffer.alloc(schemaMessage.length + metaDataLength + bodyLength);
    bytes.set(schemaMessage);
    readUnchanged(path, { size, mtimeMs }, bytes.subarray(schemaMessage.length), offset);
    return decodeBatch(path, bytes, firstRows[number + 1] - firstRows[number]);
  };
  return { source: { firstRows, load }, metadata: readMetadata(path, schema) };
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await handle.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}

/** Place of a record batch in the file: its metadata, then its body. */
interface Block {
  readonly offset: number;
  readonly metaDataLength: number;
  readonly bodyLength: number;
}

async function readFooter(
  path: string,
  handle: FileHandle,
): Promise<{ schema: Schema; blocks: readonly Block[] }> {
  try {
    const reader = await RecordBatchReader.from(handle);
    await reader.open({ autoDestroy: false });
    if (!(reader instanceof AsyncRecordBatchFileReader) || reader.footer === null) {
      throw new TokenFileError(path, "is no Arrow IPC file; make one with prepare");
    }
    return { schema: reader.schema, blocks: [...reader.footer.recordBatches()] };
  } catch (error) {
    throw asTokenFileError(path, error);
  }
}

/** Rows of a record batch, from its metadata alone. */
function batchRows(path: string, encapsulated: Uint8Array): number {
  try {
    // Length-prefixed: a continuation marker and the length, then the message.
    const message = Message.decode(encapsulated.subarray(8));
    if (message.headerType !== MessageHeader.RecordBatch) throw new Error("a message is no record batch");
    return (message as Message<MessageHeader.RecordBatch>).header().length;
  } catch (error) {
    throw asTokenFileError(path, error);
  }
}

/** The schema as the message that begins an Arrow stream; a batch behind it can be decoded on its own. */
function encodeSchema(schema: Schema): Uint8Array {
  const writer = new RecordBatchStreamWriter();
  writer.reset(undefined, schema);
  writer.close();
  return writer.toUint8Array(true).slice(0, -END_OF_STREAM_BYTES);
}

function readUnchanged(
  path: string,
  known: { size: number; mtimeMs: number },
  target: Buffer,
  offset: number,
): void {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, "r");
    const { size, mtimeMs } = fstatSync(descriptor);
    if (size !== known.size || mtimeMs !== known.mtimeMs) {
      throw new TokenFileError(path, "has changed since it was opened");
    }
    for (let done = 0; done < target.length;) {
      const bytes = readSync(descriptor, target, done, target.length - done, offset + done);
      if (bytes === 0) throw new TokenFileError(path, "is shorter than when it was opened");
      done += bytes;
    }
  } catch (error) {
    throw asFileError(path, "read", error);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function decodeBatch(path: string, bytes: Uint8Array, rows: number): Batch {
  try {
    const [batch] = RecordBatchReader.from(bytes) as Iterable<RecordBatch>;
    if (batch.numRows !== rows) throw new Error(`a batch of ${rows} rows has ${batch.numRows}`);
    const [idOffsets, ids] = listColumn(batch, "input_ids");
    const [labelOffsets, labels] = listColumn(batch, "labels");
    for (let row = 0; row < rows; row++) {
      if (idOffsets[row + 1] - idOffsets[row] !== labelOffsets[row + 1] - labelOffsets[row]) {
        throw new Error("a row has not as many labels as ids");
      }
    }
    const numbers = batch.getChild("row");
    return {
      idOffsets,
      ids,
      labelOffsets,
      labels,
      rows: numbers === null ? null : (numbers.toArray() as Int32Array),
    };
  } catch (error) {
    throw asTokenFileError(path, error);
  }
}

function listColumn(batch: RecordBatch, name: string): [offsets: Int32Array, values: Int32Array] {
  const data = batch.getChild(name)?.data[0];
  const items = data?.children[0];
  if (data === undefined || items === undefined) throw new Error(`column ${name} is empty`);
  if (data.nullCount > 0 || items.nullCount > 0) throw new Error(`column ${name} has nulls`);
  // Both arrays may be padded at their end.
  const offsets = (data.valueOffsets as Int32Array).subarray(0, data.length + 1);
  const values = items.values as Int32Array;
  const ordered = offsets.every((at, index) => at >= (index === 0 ? 0 : offsets[index - 1]));
  if (offsets.length !== data.length + 1 || !ordered || offsets[data.length] > values.length) {
    throw new Error(`column ${name} points outside of its values`);
  }
  return [offsets, values];
}

function checkColumns(path: string, schema: Schema): void {
  for (const name of ["input_ids", "labels"]) {
    const field = schema.fields.find((candidate) => candidate.name === name);
    const isTokens =
      field !== undefined && DataType.isList(field.type) && isInt32(field.type.children[0].type as DataType);
    if (!isTokens) {
      const got = schema.fields.map(({ name: column, type }) => `${column}: ${String(type)}`).join(", ");
      throw new TokenFileError(
        path,
        phrase`has no column ${name} of type List<Int32>; its columns are ${got || asPhrase("none")}`,
      );
    }
  }
  const row = schema.fields.find(({ name }) => name === "row");
  if (row !== undefined && !isInt32(row.type as DataType)) {
    throw new TokenFileError(path, phrase`has a column row of type ${String(row.type)}, expected Int32`);
  }
}

function isInt32(type: DataType): boolean {
  return DataType.isInt(type) && type.bitWidth === 32 && type.isSigned;
}

function readMetadata(path: string, schema: Schema): TokenFileMetadata | null {
  const get = (key: string): string | null => schema.metadata.get(`lathe.${key}`) ?? null;
  const version = get("version");
  if (version === null) return null;
  if (version !== String(TOKEN_FILE_VERSION)) {
    throw new TokenFileError(
      path,
      phrase`is of version ${version}, expected ${TOKEN_FILE_VERSION}; make it again`,
    );
  }
  const maxTokens = get("maxTokens");
  return {
    tokenizerHash: get("tokenizerHash"),
    templateHash: get("templateHash"),
    maxTokens: maxTokens === null ? null : Number(maxTokens),
  };
}

function asTokenFileError(path: string, error: unknown): TokenFileError {
  if (error instanceof TokenFileError) return error;
  return new TokenFileError(path, phrase`is damaged: ${phraseOfError(error)}; make it again`, {
    cause: error,
  });
}

function offsetsOf(lengths: readonly number[]): Int32Array {
  const offsets = new Int32Array(lengths.length + 1);
  lengths.forEach((length, index) => (offsets[index + 1] = offsets[index] + length));
  return offsets;
}

function concatenate(arrays: readonly Int32Array[]): Int32Array {
  const joined = new Int32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    joined.set(array, at);
    at += array.length;
  }
  return joined;
}
