import type { LossTurns } from "../tokenize/learnt-turns.js";
import type { ReasoningPolicy } from "../tokenize/reasoning.js";

/** A row of a token file or data set. */
export interface TokenRow {
  /** [T] token ids */
  readonly inputIds: Int32Array;
  /** [T] labels; -100 is not scored, and a label is predicted from the positions before its own. */
  readonly labels: Int32Array;
  /** Number of the row in the file that it was made from, from 0. */
  readonly row: number;
  /** Factor on the losses of its labels; absent where it is 1. */
  readonly weight?: number;
}

/** What produced a token file, so that a run can refuse tokens made for another model. */
export interface TokenFileMetadata {
  /** Hash of the tokenizer's files; null when rows came tokenised. */
  readonly tokenizerHash: string | null;
  /** Hash of the chat template; null when there is none. */
  readonly templateHash: string | null;
  /** The limit at which rows were cut, null for none. */
  readonly maxTokens: number | null;
  /** Which replies are scored; absent where nobody knows, as of rows that came tokenised. */
  readonly lossOn?: LossTurns;
  /** What became of the reasoning of replies; absent where nobody knows. */
  readonly reasoning?: ReasoningPolicy;
}

/**
 * Version of the token file's layout: two lists of 32-bit integers, `input_ids` and `labels`, the integer `row`, which parts of one row
 * share, and the number `weight`.
 */
export const TOKEN_FILE_VERSION = 2;
