import type { TokenColumns } from "./token-batch-columns.js";
import type { TokenRowInput } from "./token-file-writer.js";

/** Tokens that wait to be joined into a batch. */
const BATCH_TOKENS = 65_536;

/**
 * Gathers rows of token ids as they come. Of each no more is kept than its numbers, which lie side by side in batches: objects of very many
 * rows would make the heap of JavaScript several times as large as their tokens.
 */
export class TokenRowCollector {
  #pending: TokenRowInput[] = [];
  #tokens = 0;
  #length = 0;
  readonly #batches: TokenColumns[] = [];
  readonly #firstRows: number[] = [0];

  /** Rows that were added. */
  get length(): number {
    return this.#length;
  }

  /**
   * Adds a row, whose arrays are copied before long and must not change.
   * @throws RangeError when it has not as many labels as ids
   */
  add(row: TokenRowInput): void {
    const { inputIds, labels } = row;
    if (inputIds.length !== labels.length) {
      throw new RangeError(
        `row ${this.#length}: expected ${inputIds.length} labels, one for each id, got ${labels.length}`,
      );
    }
    this.#pending.push(row);
    this.#length++;
    this.#tokens += inputIds.length;
    if (this.#tokens >= BATCH_TOKENS) this.#join();
  }

  /** The batches of all rows so far, and the first row of each; at the end of those the number of rows. */
  batches(): { readonly batches: readonly TokenColumns[]; readonly firstRows: readonly number[] } {
    if (this.#pending.length > 0) this.#join();
    return { batches: this.#batches, firstRows: this.#firstRows };
  }

  #join(): void {
    const rows = this.#pending;
    const first = this.#length - rows.length;
    const offsets = new Int32Array(rows.length + 1);
    rows.forEach(({ inputIds }, index) => (offsets[index + 1] = offsets[index] + inputIds.length));
    this.#batches.push({
      idOffsets: offsets,
      ids: concatenate(rows.map(({ inputIds }) => inputIds)),
      labelOffsets: offsets,
      labels: concatenate(rows.map(({ labels }) => labels)),
      rows: Int32Array.from(rows, ({ row }, index) => row ?? first + index),
      weights: Float64Array.from(rows, ({ weight = 1 }) => weight),
    });
    this.#firstRows.push(this.#length);
    this.#pending = [];
    this.#tokens = 0;
  }
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
