import { stat } from "node:fs/promises";
import { asFileError } from "@lathe/files";
import type { ArrowGuard } from "./arrow-guard.js";
import type { FileMemory } from "./file-memory.js";
import { savedDatasetFiles } from "./saved-dataset.js";
import type { TokenColumns } from "./token-batch-columns.js";
import { openTokenFileBatches, type ReadValues, type TokenFileBatches } from "./token-file-batches.js";
import type { TokenFileMetadata, TokenRow } from "./token-row.js";
import type { TokenRowInput } from "./token-file-writer.js";
import { TokenRowCollector } from "./token-row-collector.js";

const CACHED_BATCHES = 32; // at half a megabyte each

/** How {@link TokenDataset.open} opens files. */
export interface OpenTokensOptions {
  /** The thread that looks at files before they are relied on, where many are opened; else one is started for each file. */
  readonly guard?: ArrowGuard;
  /**
   * Maps the files, so that rows are views of them and nothing is copied; {@link TokenDataset.close} takes the mappings back. Without one,
   * batches of rows are read when they are asked for. @defaultValue none
   */
  readonly memory?: FileMemory;
}

/** Where the rows of a batch lie that is not in memory. */
interface BatchIndex extends Pick<TokenColumns, "idOffsets" | "rows" | "weights"> {
  readonly readValues: ReadValues;
}

/**
 * Token rows with random access, from token files or from memory. Of files that are not mapped only some batches are in
 * memory at a time, and none is held open: rows that are asked for one after the other are read by batches, and any other one by itself,
 * once where it lies is known, which is held with up to 16 bytes a row.
 */
export class TokenDataset {
  /** Number of rows. */
  readonly length: number;
  readonly #source: Omit<TokenFileBatches, "metadata">;
  readonly #cache = new Map<number, TokenColumns>();
  readonly #indexes = new Map<number, BatchIndex>();
  /** The row that was asked for last. */
  #last = -1;
  /** The batch that was used last. */
  #newest = -1;
  #lengths: Int32Array | undefined;

  private constructor(
    source: Omit<TokenFileBatches, "metadata">,
    /** What produced the tokens; null for rows that did not come from a token file of Lathe's. */
    readonly metadata: TokenFileMetadata | null,
  ) {
    this.#source = source;
    this.length = source.firstRows.at(-1) ?? 0;
  }

  /**
   * Opens a token file, or a folder that `save_to_disk` of Hugging Face `datasets` wrote, whose files are one data set. Reads where
   * the batches lie and checks that the file is whole; rows are read when they are asked for. A file of a
   * prepared folder is read through once and compared with the hash in the manifest; the structure of any other file is looked at
   * on a guarded thread before anything relies on it.
   *
   * @throws TokenFileError when a file is cut off, is no Arrow file or stream, is damaged, or has other columns
   * @throws FileError for a folder that is no saved data set
   */
  static async open(path: string, options: OpenTokensOptions = {}): Promise<TokenDataset> {
    const info = await stat(path).catch((error: unknown) => {
      throw asFileError(path, "read", error);
    });
    const files = info.isDirectory() ? await savedDatasetFiles(path) : [path];
    const opened: TokenFileBatches[] = [];
    try {
      for (const file of files) opened.push(await openTokenFileBatches(file, options));
    } catch (error) {
      for (const { close } of opened) close();
      throw error;
    }
    return new TokenDataset(joined(opened), opened[0].metadata);
  }

  /**
   * A data set of rows that are in memory; the arrays are copied.
   *
   * @throws RangeError when a row has not as many labels as ids
   */
  static fromRows(rows: Iterable<TokenRowInput> | TokenRowCollector): TokenDataset {
    const { batches, firstRows } = (rows instanceof TokenRowCollector ? rows : collected(rows)).batches();
    const source = {
      firstRows,
      load: (number: number) => batches[number],
      isMapped: true,
      close: () => undefined,
    };
    return new TokenDataset(source, null);
  }

  /**
   * One row; its arrays are copies of the caller's own.
   *
   * @throws RangeError when there is no row of that index
   * @throws TokenFileError when the file has changed or cannot be read
   */
  row(index: number): TokenRow {
    const { inputIds, labels, ...rest } = this.view(index);
    return { inputIds: inputIds.slice(), labels: labels.slice(), ...rest };
  }

  /**
   * One row without a copy: its arrays are views of the file where it is mapped, of the batch that was read where it is not. They are to
   * be read only, and not after {@link TokenDataset.close}.
   *
   * @throws as {@link TokenDataset.row}
   */
  view(index: number): TokenRow {
    if (!Number.isInteger(index) || index < 0 || index >= this.length) {
      throw new RangeError(`expected a row from 0 to ${this.length - 1}, got ${index}`);
    }
    const number = this.#batchOf(index);
    const local = index - this.#source.firstRows[number];
    const isNext = index === this.#last + 1;
    this.#last = index;
    const known = isNext || this.#cache.has(number) ? undefined : this.#indexes.get(number);
    if (known) {
      const { ids, labels } = known.readValues(known.idOffsets[local], known.idOffsets[local + 1]);
      return { inputIds: ids, labels, ...rowOf(known, index, local) };
    }
    const columns = this.#batch(number);
    const { idOffsets, ids, labelOffsets, labels } = columns;
    return {
      inputIds: ids.subarray(idOffsets[local], idOffsets[local + 1]),
      labels: labels.subarray(labelOffsets[local], labelOffsets[local + 1]),
      ...rowOf(columns, index, local),
    };
  }

  /** Takes the mappings of files back. Views must not be used any more; a data set that is not mapped needs none of this. */
  close(): void {
    this.#cache.clear();
    this.#source.close();
  }

  /** [rows] tokens of every row, for planning batches. The first call on a file reads all of it once. */
  lengths(): Int32Array {
    if (this.#lengths === undefined) {
      const lengths = new Int32Array(this.length);
      for (let number = 0; number + 1 < this.#source.firstRows.length; number++) {
        const first = this.#source.firstRows[number];
        const { idOffsets } = this.#batch(number);
        for (let local = 0; local + 1 < idOffsets.length; local++) {
          lengths[first + local] = idOffsets[local + 1] - idOffsets[local];
        }
      }
      this.#lengths = lengths;
    }
    return this.#lengths.slice();
  }

  /** The rows in order. */
  *[Symbol.iterator](): Generator<TokenRow, void, undefined> {
    for (let index = 0; index < this.length; index++) yield this.row(index);
  }

  /** The batch that holds a row, by bisection. */
  #batchOf(row: number): number {
    const { firstRows } = this.#source;
    let low = 0;
    let high = firstRows.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (firstRows[middle] <= row) low = middle;
      else high = middle;
    }
    return low;
  }

  #load(number: number): TokenColumns {
    const columns = this.#source.load(number);
    const { readValues, idOffsets, labelOffsets, rows, weights } = columns;
    // Labels begin where ids do in what Lathe writes; where they do not, batches are read whole.
    const isIndexed = !readValues || this.#indexes.has(number);
    if (isIndexed || !idOffsets.every((offset, row) => offset === labelOffsets[row])) return columns;
    // Copies: what the columns are views of is large, and need not stay.
    const [ownRows, ownWeights] = [rows?.slice() ?? null, weights?.slice() ?? null];
    this.#indexes.set(number, {
      readValues,
      idOffsets: idOffsets.slice(),
      rows: ownRows,
      weights: ownWeights,
    });
    return columns;
  }

  /** A batch, the least recently used one making room for it where it takes any. */
  #batch(number: number): TokenColumns {
    const known = this.#cache.get(number);
    // Left as it is where it can be: tables of a Map that changes at every row pile up among the old objects of JavaScript.
    if (known && (this.#source.isMapped || number === this.#newest)) return known;
    const batch = known ?? this.#load(number);
    this.#newest = number;
    this.#cache.delete(number);
    this.#cache.set(number, batch);
    if (this.#cache.size > CACHED_BATCHES && !this.#source.isMapped) {
      for (const oldest of this.#cache.keys()) {
        this.#cache.delete(oldest);
        break;
      }
    }
    return batch;
  }
}

/** The number and the weight of a row, as far as it has them. */
function rowOf(
  { rows, weights }: Pick<TokenColumns, "rows" | "weights">,
  index: number,
  local: number,
): Pick<TokenRow, "row" | "weight"> {
  return {
    row: rows === null ? index : rows[local],
    ...(weights === null || weights[local] === 1 ? {} : { weight: weights[local] }),
  };
}

/** The batches of several files, one after the other. */
function joined(files: readonly TokenFileBatches[]): Omit<TokenFileBatches, "metadata"> {
  const firstRows = [0];
  const places: { readonly file: TokenFileBatches; readonly batch: number }[] = [];
  for (const file of files) {
    const before = firstRows[firstRows.length - 1];
    for (let batch = 0; batch + 1 < file.firstRows.length; batch++) {
      places.push({ file, batch });
      firstRows.push(before + file.firstRows[batch + 1]);
    }
  }
  return {
    firstRows,
    isMapped: files.every(({ isMapped }) => isMapped),
    load: (number) => places[number].file.load(places[number].batch),
    close: () => {
      for (const { close } of files) close();
    },
  };
}

function collected(rows: Iterable<TokenRowInput>): TokenRowCollector {
  const collector = new TokenRowCollector();
  for (const row of rows) collector.add(row);
  return collector;
}
