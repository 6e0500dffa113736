import { rowOrder } from "@lathe/kernels";
import { phrase } from "@lathe/files";
import { checkInteger, OptionError } from "../option-error.js";
import type { TokenRow } from "../token-files/token-row.js";

/** Rows of token ids by their number, such as a `TokenDataset`. */
export interface TokenRows {
  readonly length: number;
  /** [rows] tokens of every row. */
  lengths(): Int32Array;
  /** A row without a copy, to be read only. */
  view(index: number): TokenRow;
}

/** Where in its batches a reader is: what comes next. It may be stored as JSON. */
export interface BatchPosition {
  /** From 0. */
  readonly epoch: number;
  /** Batches of the epoch that were taken already. */
  readonly batch: number;
  /** Says which rows and settings the numbers are of. */
  readonly plan: string;
}

/** How rows come in batches. */
export interface TokenBatchesOptions {
  /** Rows of a batch at most. @defaultValue no limit where `tokensPerBatch` is given, else 8 */
  readonly rowsPerBatch?: number;
  /** Tokens of a batch at most, padding included: rows times the longest of them. A row that is longer is a batch of its own. @defaultValue no limit */
  readonly tokensPerBatch?: number;
  /** Whether every epoch has an order of its own. @defaultValue true */
  readonly shuffle?: boolean;
  /** Chooses the orders; a whole number. @defaultValue 0 */
  readonly seed?: number;
  /** Whether rows of like length share a batch, so that little of it is padding. Batches still come in random order. @defaultValue false */
  readonly groupByLength?: boolean;
  /** Times that every row comes. @defaultValue 1 */
  readonly epochs?: number;
  /** Where to go on: the `next` of the last batch that was taken. @defaultValue the beginning */
  readonly position?: BatchPosition;
}

/** Rows that are taken together. */
export interface TokenBatch {
  /** Numbers of the rows in their source. */
  readonly indices: Int32Array;
  /** The rows, as views that are to be read only. */
  readonly rows: readonly TokenRow[];
  /** From 0. */
  readonly epoch: number;
  /** What comes after this batch. */
  readonly next: BatchPosition;
}

const DEFAULT_ROWS = 8;
/** Rows that are ordered by length among themselves; more of them mean less padding and less chance. */
const GROUPED_ROWS = 4096;
/** In the place of an epoch, of which there are never so many: batches of an epoch and its rows are drawn apart. */
const BATCH_ORDER = 2 ** 31;

/**
 * Token rows in batches, for any pipeline that takes an iterable: in an order that seed and epoch determine, by a number of rows or of
 * tokens, with rows of like length together on request. A reader that stops goes on at the `next` of the batch it had last.
 *
 * Memory holds the order of one epoch, four bytes a row, and the lengths; the rows are views of their source.
 */
export class TokenBatches implements Iterable<TokenBatch>, AsyncIterable<TokenBatch> {
  readonly #rows: TokenRows;
  readonly #rowsPerBatch: number;
  readonly #tokensPerBatch: number;
  readonly #shuffle: boolean;
  readonly #seed: number;
  readonly #groupByLength: boolean;
  readonly #epochs: number;
  readonly #start: BatchPosition;

  /** @throws OptionError for an option out of range, and for a position that is of other rows or settings */
  constructor(rows: TokenRows, options: TokenBatchesOptions = {}) {
    const { tokensPerBatch, shuffle = true, seed = 0, groupByLength = false, epochs = 1 } = options;
    const { rowsPerBatch = tokensPerBatch === undefined ? DEFAULT_ROWS : Number.MAX_SAFE_INTEGER } = options;
    this.#rows = rows;
    this.#rowsPerBatch = checkInteger("rowsPerBatch", rowsPerBatch, 1);
    this.#tokensPerBatch =
      tokensPerBatch === undefined
        ? Number.POSITIVE_INFINITY
        : checkInteger("tokensPerBatch", tokensPerBatch, 1);
    this.#shuffle = shuffle;
    this.#seed = checkInteger("seed", seed, 0);
    this.#groupByLength = groupByLength;
    this.#epochs = checkInteger("epochs", epochs, 1);
    const plan = [rows.length, rowsPerBatch, tokensPerBatch ?? "any", shuffle, seed, groupByLength].join("/");
    this.#start = options.position ?? { epoch: 0, batch: 0, plan };
    if (this.#start.plan !== plan) {
      throw new OptionError("position", phrase`one of these rows and settings (${plan})`, this.#start.plan);
    }
    checkInteger("position.epoch", this.#start.epoch, 0);
    checkInteger("position.batch", this.#start.batch, 0);
  }

  /** The batches from the position on. */
  *[Symbol.iterator](): Generator<TokenBatch, void, undefined> {
    const { plan } = this.#start;
    for (let { epoch } = this.#start; epoch < this.#epochs; epoch++) {
      const batches = this.#plan(epoch);
      for (
        let number = epoch === this.#start.epoch ? this.#start.batch : 0;
        number < batches.length;
        number++
      ) {
        const isLast = number + 1 === batches.length;
        const indices = batches[number];
        yield {
          indices,
          rows: Array.from(indices, (index) => this.#rows.view(index)),
          epoch,
          next: isLast ? { epoch: epoch + 1, batch: 0, plan } : { epoch, batch: number + 1, plan },
        };
      }
    }
  }

  /** The same, for pipelines that wait for their source. */
  async *[Symbol.asyncIterator](): AsyncGenerator<TokenBatch, void, undefined> {
    for (const batch of this) yield await Promise.resolve(batch);
  }

  /** The batches of an epoch, as numbers of rows. */
  #plan(epoch: number): Int32Array[] {
    const order = rowOrder(this.#rows.length, epoch, this.#seed, this.#shuffle);
    const lengths = this.#rows.lengths();
    if (!this.#groupByLength) return this.#cut(order, lengths);
    const batches: Int32Array[] = [];
    for (let start = 0; start < order.length; start += GROUPED_ROWS) {
      // The sort is stable: rows of one length keep their order.
      const group = order
        .subarray(start, start + GROUPED_ROWS)
        .sort((left, right) => lengths[right] - lengths[left]);
      batches.push(...this.#cut(group, lengths));
    }
    return Array.from(
      rowOrder(batches.length, BATCH_ORDER + epoch, this.#seed, this.#shuffle),
      (at) => batches[at],
    );
  }

  /** Cuts an order into batches that stay within the limits. */
  #cut(order: Int32Array, lengths: Int32Array): Int32Array[] {
    const batches: Int32Array[] = [];
    let start = 0;
    let longest = 0;
    for (let at = 0; at < order.length; at++) {
      const reach = Math.max(longest, lengths[order[at]]);
      const rows = at + 1 - start;
      if (rows > 1 && (rows > this.#rowsPerBatch || rows * reach > this.#tokensPerBatch)) {
        batches.push(order.subarray(start, at));
        start = at;
        longest = lengths[order[at]];
      } else longest = reach;
    }
    if (start < order.length) batches.push(order.subarray(start));
    return batches;
  }
}
