/** Rows by number, e.g. a prepared Arrow file. */
export interface RowSource<Row> {
  readonly length: number;
  /** Changes with the rows or their order; taken instead of hashing all of them. */
  readonly fingerprint?: string;
  /** The row of a number from 0, the same one whenever it is asked for. */
  row(index: number): Row;
  /** Tokens of a row, for steps of rows of like length (`groupByLength`). */
  tokens?(index: number): number;
  /** Where a row comes from, as people look it up: `rows.jsonl:12`. Left out where nobody knows. */
  place?(index: number): string;
}
