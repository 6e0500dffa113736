import { UNSCORED } from "@lathe/model";

/** A tokenised row: as many labels as ids, {@link UNSCORED} (−100) where nothing is scored. */
export interface TrainingRow {
  readonly inputIds: Int32Array;
  readonly labels: Int32Array;
}

/** Rows by number, e.g. a prepared Arrow file. */
export interface RowSource {
  readonly length: number;
  /** Changes with the rows or their order; taken instead of hashing all of them. */
  readonly fingerprint?: string;
  /** The row of a number from 0. */
  row(index: number): TrainingRow;
}

/** Labels that can be predicted: all but the unscored and the first, which has nothing before it. */
export function countScored(row: TrainingRow): number {
  let count = 0;
  for (let i = 1; i < row.labels.length; i++) if (row.labels[i] !== UNSCORED) count++;
  return count;
}
