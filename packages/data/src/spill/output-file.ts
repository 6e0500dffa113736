import { createHash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import type { WrittenFile } from "./written-file.js";

/** A file that is written from its beginning to its end, and hashed on the way. It is on the disk once `close` has resolved. */
export class OutputFile {
  readonly #handle: FileHandle;
  readonly #hash = createHash("sha256");
  #bytes = 0;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** @param flags `wx` for a file that must not exist, `w` for one that may be replaced */
  static async create(path: string, flags: "w" | "wx"): Promise<OutputFile> {
    return new OutputFile(await open(path, flags));
  }

  /** Appends bytes, which are the caller's again once this has resolved. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
    await this.#handle.writeFile(bytes);
  }

  /** Waits for the disk and closes the file. */
  async close(): Promise<Omit<WrittenFile, "rows">> {
    try {
      await this.#handle.sync();
    } finally {
      await this.#handle.close();
    }
    return { bytes: this.#bytes, sha256: this.#hash.digest("hex") };
  }

  /** Closes the file after a failure elsewhere; what is in it does not matter any more. */
  async abandon(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
  }
}
