/** Where a row came from. */
export interface RowPlace {
  /** Path of the file as it was given. */
  readonly file: string;
  /** 1-based line of the file on which the row begins; for Parquet, Arrow and lists within an object the 1-based row. */
  readonly line: number;
}
