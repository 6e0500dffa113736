import { stat } from "node:fs/promises";
import { GuardedWorker, libraryAddress } from "../read/guarded-worker.js";

const MILLISECONDS = 1000; // what is read is a few kilobytes for thousands of rows
const MILLISECONDS_PER_MEGABYTE = 5;
const HEAP_MEGABYTES = 512;

/** Goes through everything in Arrow data that says where something is: the footer, and the metadata of every message. */
const SOURCE = `
const { open } = require("node:fs/promises");
const { RecordBatchReader, Message } = await import(data.arrow);
const CONTINUATION = -1;
const PREFIX_BYTES = 8;
const readAt = async (handle, position, length) => {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await handle.read(bytes, 0, length, position);
  return bytes.subarray(0, bytesRead);
};
const checkStream = async (handle, size) => {
  for (let offset = 0; ;) {
    const prefix = await readAt(handle, offset, PREFIX_BYTES);
    if (prefix.length < PREFIX_BYTES || prefix.readInt32LE(0) !== CONTINUATION) return; // is told by who reads it next
    const length = prefix.readInt32LE(4);
    if (length <= 0 || offset + PREFIX_BYTES + length > size) return;
    const message = Message.decode(await readAt(handle, offset + PREFIX_BYTES, length));
    message.header();
    const body = Number(message.bodyLength);
    if (!(body >= 0)) throw new RangeError("its messages point outside of it");
    offset += PREFIX_BYTES + length + body;
  }
};
const checkFile = async (handle, size) => {
  const reader = await RecordBatchReader.from(handle);
  await reader.open({ autoDestroy: false });
  for (const { offset, metaDataLength, bodyLength } of reader.footer?.recordBatches() ?? []) {
    const within =
      offset >= 0 && metaDataLength > PREFIX_BYTES && bodyLength >= 0 && offset + metaDataLength + bodyLength <= size;
    if (!within) throw new RangeError("its directory points outside of the file");
    Message.decode((await readAt(handle, offset, metaDataLength)).subarray(PREFIX_BYTES)).header();
  }
};
const answer = async (path) => {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    const head = await readAt(handle, 0, PREFIX_BYTES);
    const isStream = head.length === PREFIX_BYTES && head.readInt32LE(0) === CONTINUATION;
    await (isStream ? checkStream : checkFile)(handle, size);
  } finally {
    await handle.close().catch(() => undefined);
  }
};
`;

/**
 * Reads the structure of Arrow files on a guarded thread, so that reading it again on this one is known to end. Damaged
 * offsets of a flatbuffer lead the library through loops of billions of steps. One thread serves any number of files.
 */
export class ArrowGuard {
  #worker: GuardedWorker | undefined;

  /** @throws Error with what is wrong with the file, without its name */
  async check(path: string): Promise<void> {
    const { size } = await stat(path);
    // A thread that was ended over one file is none of the next one's concern.
    if (this.#worker?.isOver !== false) {
      this.#worker = new GuardedWorker(
        SOURCE,
        { arrow: libraryAddress("apache-arrow") },
        { heapMegabytes: HEAP_MEGABYTES },
      );
    }
    await this.#worker.request(path, MILLISECONDS + (size / 2 ** 20) * MILLISECONDS_PER_MEGABYTE);
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    await this.#worker?.close();
    this.#worker = undefined;
  }
}
