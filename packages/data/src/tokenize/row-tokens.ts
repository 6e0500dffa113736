import type { Phrase } from "@lathe/files";
import { RowError } from "../rows/row-error.js";
import type { Row } from "../rows/row.js";
import { OverlongRowError } from "./overlong-row-error.js";
import type { RowTokenizer } from "./row-tokenizer.js";
import { type TokenizedRow, type TokenizeOptions, tokenizeRows } from "./tokenize-row.js";
import { UnscoredRowError } from "./unscored-row-error.js";

/** Why a row has no tokens, as another thread can be told. */
export type RowTokensFault =
  | { readonly kind: "unscored"; readonly tokens: number; readonly maxTokens: number | null }
  | { readonly kind: "overlong"; readonly tokens: number; readonly maxTokens: number }
  | { readonly kind: "row"; readonly key: string | null; readonly problem: Phrase };

/** What tokenising a row came to. */
export type RowTokens = { readonly tokens: readonly TokenizedRow[] } | { readonly fault: RowTokensFault };

/** Tokenises a row, and says as a value why it has no tokens. @throws what is no fault of the row */
export function rowTokens(row: Row, tokenizer: RowTokenizer, options: TokenizeOptions): RowTokens {
  try {
    return { tokens: tokenizeRows(row, tokenizer, options) };
  } catch (error) {
    if (error instanceof UnscoredRowError)
      return { fault: { kind: "unscored", tokens: error.tokens, maxTokens: error.maxTokens } };
    if (error instanceof OverlongRowError)
      return { fault: { kind: "overlong", tokens: error.tokens, maxTokens: error.maxTokens } };
    if (error instanceof RowError)
      return { fault: { kind: "row", key: error.key, problem: error.problemPhrase } };
    throw error;
  }
}

/** The error of a fault. */
export function rowTokensError(fault: RowTokensFault): RowError {
  if (fault.kind === "unscored") return new UnscoredRowError(fault.tokens, fault.maxTokens);
  if (fault.kind === "overlong") return new OverlongRowError(fault.tokens, fault.maxTokens);
  return new RowError(fault.key, fault.problem);
}
