/** Rows of a file made into a prepared folder with tokens. */
export interface DataJob {
  /** JSON lines of dialogues. */
  readonly file: string;
  /** Folder with tokenizer.json and tokenizer_config.json. */
  readonly tokenizer: string;
  /** Folder to write, which does not exist. */
  readonly output: string;
  readonly seed: number;
}

/** What a contestant made of the rows. */
export interface DataOutcome {
  readonly seconds: number;
  readonly read: number;
  readonly kept: number;
  readonly tokens: number;
  readonly peakResidentBytes: number;
}
