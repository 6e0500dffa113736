import { stat } from "node:fs/promises";
import { GuardedWorker, libraryAddress } from "../read/guarded-worker.js";

const MILLISECONDS = 1000; // what is read is a few kilobytes for thousands of rows
const MILLISECONDS_PER_MEGABYTE = 5;
const HEAP_MEGABYTES = 512;

/** Goes through everything in an Arrow file that says where something is: the footer, and the metadata of every batch. */
const SOURCE = `
const { open } = require("node:fs/promises");
const { RecordBatchReader, Message } = await import(data.arrow);
const answer = async (path) => {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    const reader = await RecordBatchReader.from(handle);
    await reader.open({ autoDestroy: false });
    for (const { offset, metaDataLength, bodyLength } of reader.footer?.recordBatches() ?? []) {
      const within = offset >= 0 && metaDataLength > 8 && bodyLength >= 0 && offset + metaDataLength + bodyLength <= size;
      if (!within) throw new Error("its directory points outside of the file");
      const bytes = Buffer.alloc(metaDataLength);
      await handle.read(bytes, 0, metaDataLength, offset);
      Message.decode(bytes.subarray(8)).header();
    }
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
