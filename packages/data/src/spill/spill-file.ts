import { closeSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { rm } from "node:fs/promises";

const BUFFER_BYTES = 1024 * 1024;

/** Bytes that are appended once and read back from anywhere, in a file of the caller's; the last of them wait in memory. */
export class SpillFile {
  readonly #handle: number;
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  #buffered = 0;
  #written: number;

  /**
   * @param path of a file that does not exist
   * @param isSaved whether it does exist: one that another spill file saved, to go on reading from
   */
  constructor(
    readonly path: string,
    isSaved = false,
  ) {
    this.#handle = openSync(path, isSaved ? "r+" : "wx+");
    this.#written = fstatSync(this.#handle).size;
  }

  /** Bytes appended so far. */
  get size(): number {
    return this.#written + this.#buffered;
  }

  /** Appends bytes and returns where they begin. */
  append(bytes: Uint8Array): number {
    const start = this.size;
    if (this.#buffered + bytes.length > BUFFER_BYTES) this.#flush();
    if (bytes.length > BUFFER_BYTES) this.#write(bytes);
    else {
      this.#buffer.set(bytes, this.#buffered);
      this.#buffered += bytes.length;
    }
    return start;
  }

  /** Fills `into` with the bytes from `start`, which must have been appended. */
  read(start: number, into: Uint8Array): void {
    if (start >= this.#written) {
      into.set(this.#buffer.subarray(start - this.#written, start - this.#written + into.length));
      return;
    }
    if (start + into.length > this.#written) this.#flush();
    for (let done = 0; done < into.length;) {
      const bytes = readSync(this.#handle, into, done, into.length - done, start + done);
      if (bytes === 0)
        throw new RangeError(`a spill file of ${this.#written} bytes ends before ${start + into.length}`);
      done += bytes;
    }
  }

  /** Brings all of it to the disk. */
  save(): void {
    this.#flush();
    fsyncSync(this.#handle);
  }

  /** Closes the file; what was not saved may be lost. */
  close(): void {
    closeSync(this.#handle);
  }

  /** Closes the file and removes it. */
  async remove(): Promise<void> {
    this.close();
    await rm(this.path, { force: true });
  }

  #flush(): void {
    const bytes = this.#buffer.subarray(0, this.#buffered);
    this.#buffered = 0;
    this.#write(bytes);
  }

  #write(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) done += writeSync(this.#handle, bytes, done);
    this.#written += bytes.length;
  }
}
