import { createHash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";

/** What was written to a file. */
export interface WrittenFile {
  readonly rows: number;
  readonly bytes: number;
  /** Of the whole file, as hexadecimal digits. */
  readonly sha256: string;
}

const BUFFER_BYTES = 1024 * 1024; // gathered before a write

/** Writes a new file line by line, hashing it on the way. The file is on the disk once `close` has resolved. */
export class LineWriter {
  readonly #handle: FileHandle;
  readonly #hash = createHash("sha256");
  #buffered: string[] = [];
  #bufferedBytes = 0;
  #rows = 0;
  #bytes = 0;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Creates the file, which must not exist. */
  static async create(path: string): Promise<LineWriter> {
    return new LineWriter(await open(path, "wx"));
  }

  /** Adds a line, given without its line end. */
  async write(line: string): Promise<void> {
    this.#buffered.push(line, "\n");
    this.#bufferedBytes += line.length + 1;
    this.#rows += 1;
    if (this.#bufferedBytes >= BUFFER_BYTES) await this.#flush();
  }

  /** Writes the rest, waits for the disk and closes the file. */
  async close(): Promise<WrittenFile> {
    try {
      await this.#flush();
      await this.#handle.sync();
    } finally {
      await this.#handle.close();
    }
    return { rows: this.#rows, bytes: this.#bytes, sha256: this.#hash.digest("hex") };
  }

  /** Closes the file after a failure elsewhere; what is in it does not matter any more. */
  async abandon(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.from(this.#buffered.join(""), "utf8");
    this.#buffered = [];
    this.#bufferedBytes = 0;
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
    await this.#handle.writeFile(bytes);
  }
}
