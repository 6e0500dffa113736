/** Rows of different length, end to end: there is no padding, and nothing crosses from one row to the next. */
export interface FlatBatch {
  /** N token ids. */
  readonly tokens: Int32Array;
  /** Cumulative offsets, rows + 1 entries from 0 to N. */
  readonly segments: Int32Array;
}

/** A flat batch with a label a token; −100 is not scored. */
export interface LabelledBatch extends FlatBatch {
  /** N labels; a label is predicted from the positions before its own. */
  readonly labels: Int32Array;
  /** A factor a row, from 0, on the losses of its labels; absent where all are 1. */
  readonly weights?: Float64Array;
}

/** The label of a token that is not scored, as in Transformers. */
export const UNSCORED = -100;

/** A tokenised row: as many labels as ids, {@link UNSCORED} (−100) where nothing is scored. */
export interface LabelledRow {
  readonly inputIds: Int32Array;
  readonly labels: Int32Array;
  /** Factor on the losses of its labels, from 0. @defaultValue 1 */
  readonly weight?: number;
}

/**
 * Joins rows into a flat batch.
 * @throws RangeError naming the row that has not one label a token
 */
export function flatBatch(rows: readonly LabelledRow[]): LabelledBatch {
  const segments = new Int32Array(rows.length + 1);
  for (const [index, { inputIds, labels }] of rows.entries()) {
    if (labels.length !== inputIds.length) {
      throw new RangeError(
        `row ${index}: expected ${inputIds.length} labels, one a token, got ${labels.length}`,
      );
    }
    segments[index + 1] = segments[index] + inputIds.length;
  }
  const tokens = new Int32Array(segments[rows.length]);
  const labels = new Int32Array(segments[rows.length]);
  rows.forEach((row, index) => {
    tokens.set(row.inputIds, segments[index]);
    labels.set(row.labels, segments[index]);
  });
  const weights = Float64Array.from(rows, ({ weight = 1 }) => weight);
  return { tokens, labels, segments, ...(weights.every((weight) => weight === 1) ? {} : { weights }) };
}

/** Position of each token within its row, from the given first position a row (0 unless continued). */
export function positionsOf(segments: Int32Array, first?: Int32Array): Int32Array {
  const positions = new Int32Array(segments[segments.length - 1]);
  for (let s = 0; s + 1 < segments.length; s++) {
    const start = first?.[s] ?? 0;
    for (let i = segments[s]; i < segments[s + 1]; i++) positions[i] = start + i - segments[s];
  }
  return positions;
}

/** What is to be predicted: from which row of the hidden states, which token, in which row of the batch. */
export interface Targets {
  /** M positions in the flat batch, each just before its label's. */
  readonly positions: Int32Array;
  /** M token ids. */
  readonly tokens: Int32Array;
  /** M row numbers. */
  readonly rows: Int32Array;
}

/** The scored labels of a batch. A row's first label has nothing before it and is never scored. */
export function targetsOf({ labels, segments }: LabelledBatch): Targets {
  const positions: number[] = [];
  const tokens: number[] = [];
  const rows: number[] = [];
  for (let s = 0; s + 1 < segments.length; s++) {
    for (let i = segments[s] + 1; i < segments[s + 1]; i++) {
      if (labels[i] === UNSCORED) continue;
      positions.push(i - 1);
      tokens.push(labels[i]);
      rows.push(s);
    }
  }
  return {
    positions: Int32Array.from(positions),
    tokens: Int32Array.from(tokens),
    rows: Int32Array.from(rows),
  };
}
