/** A row of a token file or data set. */
export interface TokenRow {
  /** [T] token ids */
  readonly inputIds: Int32Array;
  /** [T] labels; -100 is not scored, and a label is predicted from the positions before its own. */
  readonly labels: Int32Array;
  /** Number of the row in the file that it was made from, from 0. */
  readonly row: number;
}

/** What produced a token file, so that a run can refuse tokens made for another model. */
export interface TokenFileMetadata {
  /** Hash of the tokenizer's files; null when rows came tokenised. */
  readonly tokenizerHash: string | null;
  /** Hash of the chat template; null when there is none. */
  readonly templateHash: string | null;
  /** The limit at which rows were cut, null for none. */
  readonly maxTokens: number | null;
}

/** Version of the token file's layout: two lists of 32-bit integers, `input_ids` and `labels`, and the integer `row`. */
export const TOKEN_FILE_VERSION = 1;
