import type { FileHandle } from "node:fs/promises";
import {
  AsyncRecordBatchFileReader,
  Message,
  MessageHeader,
  RecordBatchReader,
  type Schema,
} from "apache-arrow";
import { phrase, SpokenError } from "@lathe/files";
import { asTokenFileError, TokenFileError } from "./token-file-error.js";

const MAGIC = "ARROW1"; // first bytes of an Arrow IPC file, and last
const TRAILER_BYTES = 4 + MAGIC.length; // length of the footer, magic
const CONTINUATION = -1; // begins every message of a stream
const PREFIX_BYTES = 8; // the continuation, and the length of the metadata behind it
const MAXIMUM_METADATA_BYTES = 16 * 1024 * 1024; // of one message; those of token files stay under a kilobyte

/** Place of a record batch in its file: its metadata, prefix included, then its body. */
export interface ArrowBlock {
  readonly offset: number;
  readonly metadataBytes: number;
  readonly bodyBytes: number;
  readonly rows: number;
}

/** What an Arrow file holds and where. */
export interface ArrowDirectory {
  readonly schema: Schema;
  readonly blocks: readonly ArrowBlock[];
}

/** The two forms of Arrow: a file with a directory at its end, and a stream of messages, which data sets of Hugging Face are. */
export type ArrowForm = "file" | "stream";

/**
 * Tells the form of Arrow data by its first bytes, and whether a file ends as it must.
 *
 * @throws TokenFileError for data of neither form and for a file that is cut off
 */
export async function arrowForm(path: string, handle: FileHandle): Promise<ArrowForm> {
  const { size } = await handle.stat();
  const head = await readAt(handle, 0, PREFIX_BYTES);
  if (head.length >= 4 && head.readInt32LE(0) === CONTINUATION) return "stream";
  if (head.toString("latin1", 0, MAGIC.length) !== MAGIC)
    throw new TokenFileError(path, "is no Arrow IPC file; make one with prepare");
  const trailer = await readAt(handle, Math.max(0, size - TRAILER_BYTES), TRAILER_BYTES);
  const footerBytes = trailer.length === TRAILER_BYTES ? trailer.readInt32LE(0) : -1;
  const ended = trailer.toString("latin1", 4) === MAGIC;
  if (!ended || footerBytes <= 0 || footerBytes > size - TRAILER_BYTES - MAGIC.length)
    throw cutOff(path, size);
  return "file";
}

/**
 * Finds the record batches of Arrow data without reading their bodies.
 *
 * @throws TokenFileError for data that is cut off or damaged
 */
export async function readArrowDirectory(
  path: string,
  handle: FileHandle,
  form: ArrowForm,
): Promise<ArrowDirectory> {
  try {
    return form === "file" ? await readFooter(path, handle) : await readMessages(path, handle);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall !== undefined) throw error;
    throw asTokenFileError(path, error);
  }
}

async function readFooter(path: string, handle: FileHandle): Promise<ArrowDirectory> {
  const { size } = await handle.stat();
  const reader = await RecordBatchReader.from(handle);
  await reader.open({ autoDestroy: false });
  if (!(reader instanceof AsyncRecordBatchFileReader) || reader.footer === null) {
    throw new TokenFileError(path, "is no Arrow IPC file; make one with prepare");
  }
  const blocks: ArrowBlock[] = [];
  for (const {
    offset,
    metaDataLength: metadataBytes,
    bodyLength: bodyBytes,
  } of reader.footer.recordBatches()) {
    const within =
      offset >= MAGIC.length &&
      metadataBytes > PREFIX_BYTES &&
      bodyBytes >= 0 &&
      offset + metadataBytes + bodyBytes <= size;
    if (!within || metadataBytes > MAXIMUM_METADATA_BYTES) {
      throw new TokenFileError(path, "has a directory that points outside of the file; make it again");
    }
    const message = Message.decode((await readAt(handle, offset, metadataBytes)).subarray(PREFIX_BYTES));
    blocks.push({ offset, metadataBytes, bodyBytes, rows: rowsOf(message) });
  }
  return { schema: reader.schema, blocks };
}

async function readMessages(path: string, handle: FileHandle): Promise<ArrowDirectory> {
  const { size } = await handle.stat();
  let schema: Schema | undefined;
  const blocks: ArrowBlock[] = [];
  for (let offset = 0; ;) {
    const prefix = await readAt(handle, offset, PREFIX_BYTES);
    if (prefix.length < PREFIX_BYTES) throw cutOff(path, size);
    if (prefix.readInt32LE(0) !== CONTINUATION)
      throw new SpokenError(phrase`no message begins at byte ${offset}`);
    const length = prefix.readInt32LE(4);
    if (length === 0) break;
    if (length < 0 || length > MAXIMUM_METADATA_BYTES)
      throw new SpokenError(phrase`a message of ${length} bytes`);
    const metadata = await readAt(handle, offset + PREFIX_BYTES, length);
    if (metadata.length < length) throw cutOff(path, size);
    const message = Message.decode(metadata);
    const metadataBytes = PREFIX_BYTES + length;
    const bodyBytes = Number(message.bodyLength);
    if (!(bodyBytes >= 0)) throw new SpokenError(phrase`a body of ${bodyBytes} bytes`);
    if (offset + metadataBytes + bodyBytes > size) throw cutOff(path, size);
    if (schema === undefined) {
      if (!message.isSchema()) throw new SpokenError("the first message is no schema");
      schema = message.header();
    } else blocks.push({ offset, metadataBytes, bodyBytes, rows: rowsOf(message) });
    offset += metadataBytes + bodyBytes;
  }
  if (schema === undefined) throw new SpokenError("it has no schema");
  return { schema, blocks };
}

function rowsOf(message: Message): number {
  if (message.headerType !== MessageHeader.RecordBatch) throw new SpokenError("a message is no record batch");
  return Number((message as Message<MessageHeader.RecordBatch>).header().length);
}

const cutOff = (path: string, bytes: number): TokenFileError =>
  new TokenFileError(path, phrase`is cut off after ${bytes} bytes; make it again`);

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await handle.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}
