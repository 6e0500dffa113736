import { SpillFile } from "../spill/spill-file.js";
import type { TokenRow } from "./token-row.js";

const BLOCK_BYTES = 1024 * 1024;
const WORD_BYTES = Int32Array.BYTES_PER_ELEMENT;
/** Number of the row, its tokens, and its weight in two words. */
const HEAD_WORDS = 4;

/** Token rows in a file of the caller's, appended one after the other and read in their order; memory holds a block of them. */
export class TokenSpill {
  readonly #file: SpillFile;
  readonly #head = new Int32Array(HEAD_WORDS);
  readonly #weight = new Float64Array(this.#head.buffer, (HEAD_WORDS - 2) * WORD_BYTES, 1);

  /**
   * @param path of a file that does not exist
   * @param isSaved whether the file does exist and its rows are to be read
   */
  constructor(path: string, isSaved = false) {
    this.#file = new SpillFile(path, isSaved);
  }

  /** Adds a row at the end. */
  append({ row, inputIds, labels, weight = 1 }: TokenRow): void {
    this.#head[0] = row;
    this.#head[1] = inputIds.length;
    this.#weight[0] = weight;
    for (const words of [this.#head, inputIds, labels])
      this.#file.append(new Uint8Array(words.buffer, words.byteOffset, words.byteLength));
  }

  /** The rows in order; the arrays of each are to be read before the next one is asked for. */
  *[Symbol.iterator](): Generator<Required<TokenRow>, void, undefined> {
    const { size } = this.#file;
    let block = new Int32Array(BLOCK_BYTES / WORD_BYTES);
    let [first, end] = [0, 0]; // words of the block that were read and not given yet
    let start = 0; // bytes of the file before the end of the block
    const hold = (words: number): void => {
      if (end - first >= words) return;
      const longer = words > block.length ? new Int32Array(words * 2) : block;
      longer.set(block.subarray(first, end));
      block = longer;
      [first, end] = [0, end - first];
      const bytes = Math.min((block.length - end) * WORD_BYTES, size - start);
      this.#file.read(start, new Uint8Array(block.buffer, end * WORD_BYTES, bytes));
      start += bytes;
      end += bytes / WORD_BYTES;
    };
    const head = new Int32Array(HEAD_WORDS);
    const weights = new Float64Array(head.buffer, (HEAD_WORDS - 2) * WORD_BYTES, 1);
    while (first < end || start < size) {
      hold(HEAD_WORDS);
      head.set(block.subarray(first, first + HEAD_WORDS));
      const [row, length] = head;
      hold(HEAD_WORDS + 2 * length);
      const ids = first + HEAD_WORDS;
      const labels = ids + length;
      yield {
        row,
        inputIds: block.subarray(ids, labels),
        labels: block.subarray(labels, labels + length),
        weight: weights[0],
      };
      first = labels + length;
    }
  }

  /** Brings all of it to the disk. */
  save(): void {
    this.#file.save();
  }

  /** Closes the file; what was not saved may be lost. */
  close(): void {
    this.#file.close();
  }
}
