import { SpillFile } from "./spill-file.js";

const BLOCK_RECORDS = 512; // read at once: cheap for one record, and rows that follow each other need no further call

/** Records of so many 32-bit words each, in a file: appended one after the other and read by number. */
export class RecordFile {
  readonly #file: SpillFile;
  readonly #scratch: Int32Array;
  readonly #block: Int32Array;
  #size: number;
  /** The records in the block. */
  #first = 0;
  #end = 0;

  /**
   * @param path of a file that does not exist
   * @param words of a record
   * @param isSaved whether the file does exist and its records are to be read
   */
  constructor(
    path: string,
    readonly words: number,
    isSaved = false,
  ) {
    this.#file = new SpillFile(path, isSaved);
    this.#scratch = new Int32Array(words);
    this.#block = new Int32Array(words * BLOCK_RECORDS);
    this.#size = this.#file.size / this.#scratch.byteLength;
  }

  /** Number of records. */
  get size(): number {
    return this.#size;
  }

  /** Adds a record at the end; words that are not given are 0. */
  append(values: ArrayLike<number>): void {
    this.#scratch.fill(0);
    this.#scratch.set(values);
    this.#file.append(new Uint8Array(this.#scratch.buffer));
    this.#size += 1;
  }

  /** [words] A record, to be read before the next call. */
  at(number: number): Int32Array {
    if (number < this.#first || number >= this.#end) {
      this.#first = number - (number % BLOCK_RECORDS);
      this.#end = Math.min(this.#first + BLOCK_RECORDS, this.#size);
      const bytes = (this.#end - this.#first) * this.#scratch.byteLength;
      this.#file.read(this.#first * this.#scratch.byteLength, new Uint8Array(this.#block.buffer, 0, bytes));
    }
    const start = (number - this.#first) * this.words;
    return this.#block.subarray(start, start + this.words);
  }

  /** Brings all of it to the disk. */
  save(): void {
    this.#file.save();
  }

  /** Closes the file; what was not saved may be lost. */
  close(): void {
    this.#file.close();
  }

  /** Closes the file and removes it. */
  async remove(): Promise<void> {
    await this.#file.remove();
  }
}
