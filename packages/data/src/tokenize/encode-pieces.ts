import { UNSCORED } from "../rows/row.js";
import type { RowTokenizer } from "./row-tokenizer.js";

/** A stretch of the text of a row that is encoded on its own. */
export interface TextPiece {
  readonly text: string;
  /** Whether its tokens are scored. */
  readonly scored: boolean;
  /** Whether the end token follows, unless the last scored piece up to here holds it. */
  readonly closes: boolean;
}

/** Token ids and what is scored of them; the arrays are the caller's. */
export interface EncodedPieces {
  readonly inputIds: number[];
  /** The id at each scored position and {@link UNSCORED} elsewhere. */
  readonly labels: number[];
}

/** How pieces are put together. */
export interface EncodePiecesOptions {
  /** Whether the first piece gets what the tokenizer puts around a text. */
  readonly addSpecialTokens: boolean;
  /** Whether something is to follow the last piece. */
  readonly goesOn: boolean;
}

/**
 * Encodes pieces of text one after the other. Within a scored piece what stands behind the end token is not scored, for
 * generation ends before it.
 */
export function encodePieces(
  pieces: readonly TextPiece[],
  tokenizer: RowTokenizer,
  { addSpecialTokens, goesOn }: EncodePiecesOptions,
): EncodedPieces {
  const end = tokenizer.endOfSequenceId;
  const inputIds: number[] = [];
  const labels: number[] = [];
  let ended = false; // whether the last scored piece holds the end token
  for (const [index, { text, scored, closes }] of pieces.entries()) {
    const framed = addSpecialTokens && index === 0;
    const ids = tokenizer.encode(text, { addSpecialTokens: framed });
    // Some tokenizers close every text with the end token, also one that goes on.
    if (framed && (goesOn || pieces.length > 1) && end !== null && ids.at(-1) === end) ids.pop();
    const lastEnd = end === null ? -1 : ids.lastIndexOf(end);
    if (scored) ended = lastEnd !== -1;
    const scoredUpTo = lastEnd === -1 ? ids.length : lastEnd + 1;
    for (const [position, id] of ids.entries()) {
      inputIds.push(id);
      labels.push(scored && position < scoredUpTo ? id : UNSCORED);
    }
    if (closes && !ended && end !== null) {
      inputIds.push(end);
      labels.push(end);
    }
  }
  return { inputIds, labels };
}

/** Ids of a text that is to be continued as it stands, as the prompt of a completion row is encoded. */
export function encodeTextPrompt(text: string, tokenizer: RowTokenizer): number[] {
  const pieces = [{ text, scored: false, closes: false }];
  return encodePieces(pieces, tokenizer, { addSpecialTokens: true, goesOn: true }).inputIds;
}
