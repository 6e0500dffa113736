/** Texts of a file of dialogues that become token ids. */
export interface TokensJob {
  /** JSON lines of dialogues. */
  readonly file: string;
  /** Folder with tokenizer.json and tokenizer_config.json. */
  readonly tokenizer: string;
  readonly threads: number;
}

/** What a contestant made of the texts. */
export interface TokensOutcome {
  /** From the first batch that is handed out to the last ids, tokenizers loaded. */
  readonly seconds: number;
  readonly texts: number;
  readonly tokens: number;
  /** Sum over all ids of their places' products, modulo 2³¹ − 1: contestants with the same ids share it. */
  readonly check: number;
  readonly peakResidentBytes: number;
}
