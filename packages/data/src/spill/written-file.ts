/** What was written to a file. */
export interface WrittenFile {
  readonly rows: number;
  readonly bytes: number;
  /** Of the whole file, as hexadecimal digits. */
  readonly sha256: string;
}
