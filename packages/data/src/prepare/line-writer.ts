import { OutputFile } from "../spill/output-file.js";
import type { WrittenFile } from "../spill/written-file.js";

const BUFFER_BYTES = 1024 * 1024; // gathered before a write
const MOST_BYTES_A_UNIT = 3; // of UTF-8, for a unit of UTF-16
const LINE_FEED = 0x0a;

/** Writes a new file line by line, hashing it on the way. The file is on the disk once `close` has resolved. */
export class LineWriter {
  readonly #file: OutputFile;
  /** One for the life of the writer: a text of a megabyte for every write would stay until all of the heap is collected. */
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  #buffered = 0;
  #rows = 0;

  private constructor(file: OutputFile) {
    this.#file = file;
  }

  /** Creates the file, which must not exist. */
  static async create(path: string): Promise<LineWriter> {
    return new LineWriter(await OutputFile.create(path, "wx"));
  }

  /** Adds a line, given without its line end. */
  async write(line: string): Promise<void> {
    const most = line.length * MOST_BYTES_A_UNIT + 1;
    this.#rows += 1;
    if (this.#buffered + most > BUFFER_BYTES) await this.#flush();
    if (most > BUFFER_BYTES) {
      await this.#file.write(Buffer.from(`${line}\n`, "utf8"));
      return;
    }
    this.#buffered += this.#buffer.write(line, this.#buffered, "utf8");
    this.#buffer[this.#buffered++] = LINE_FEED;
  }

  /** Writes the rest, waits for the disk and closes the file. */
  async close(): Promise<WrittenFile> {
    await this.#flush();
    return { rows: this.#rows, ...(await this.#file.close()) };
  }

  /** Closes the file after a failure elsewhere; what is in it does not matter any more. */
  async abandon(): Promise<void> {
    await this.#file.abandon();
  }

  async #flush(): Promise<void> {
    const bytes = this.#buffer.subarray(0, this.#buffered);
    this.#buffered = 0;
    await this.#file.write(bytes);
  }
}
