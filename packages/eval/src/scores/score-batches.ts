/** Rows by number. */
export interface NumberedRows<Row> {
  readonly length: number;
  /** The row of a number from 0. */
  row(index: number): Row;
}

/** What was added up over a batch, or over all of them. */
export interface BatchScore {
  /** Sum of the losses. */
  readonly sum: number;
  /** How many losses there are: scored labels, pairs. */
  readonly units: number;
}

/** How {@link scoreBatches} goes through the rows. */
export interface ScoreBatchesOptions<Row> {
  /** Number after the last row of the batch that begins at `start`; beyond the rows is their end. */
  readonly endOfBatch: (start: number) => number;
  /** Computes one batch, whose first row has the number `start`. */
  readonly score: (rows: readonly Row[], start: number) => BatchScore | Promise<BatchScore>;
  readonly signal?: AbortSignal | undefined;
  /** Rows scored so far, and in all. */
  readonly onProgress?: ((rowsDone: number, rows: number) => void) | undefined;
}

/**
 * Scores rows a batch after the other and adds up. Between two batches the rest of the process has its turn.
 *
 * @returns sums over all rows; the mean loss is their quotient
 * @throws the signal's reason when it aborts: an AbortError, unless told otherwise
 */
export async function scoreBatches<Row>(
  rows: NumberedRows<Row>,
  { endOfBatch, score, signal, onProgress }: ScoreBatchesOptions<Row>,
): Promise<BatchScore> {
  let sum = 0;
  let units = 0;
  for (let start = 0; start < rows.length;) {
    signal?.throwIfAborted();
    const end = Math.min(endOfBatch(start), rows.length);
    const batch = Array.from({ length: end - start }, (_, index) => rows.row(start + index));
    const scored = await score(batch, start);
    sum += scored.sum;
    units += scored.units;
    start = end;
    onProgress?.(end, rows.length);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { sum, units };
}
