/** What a study was made with. */
export interface StudySettings {
  /** Of the file's tables. */
  readonly format: 1;
  readonly systems: readonly string[];
  /** SHA-256 of rows, replies and what is known beforehand. */
  readonly responses: string;
  readonly seed: number;
  readonly annotators: number;
  readonly repeats: number;
  readonly perRow: number;
}
