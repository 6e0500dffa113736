import { UNSCORED } from "../rows/row.js";
import type { RowTokenizer } from "./row-tokenizer.js";

/** A stretch of the text of a row that is encoded on its own. */
export interface TextPiece {
  readonly text: string;
  /** Whether it is a part of a reply. */
  readonly reply: boolean;
  /** Whether its tokens are scored. */
  readonly scored: boolean;
  /** Whether the end token follows, unless the last reply up to here holds it; it is scored where the end of that reply is. */
  readonly closes: boolean;
}

/** A piece as it was encoded. */
export interface EncodedPiece {
  readonly text: string;
  /** Whether it is a part of a reply. */
  readonly reply: boolean;
  readonly scored: boolean;
  /** Index of its first token, and of the first behind it and the end token that it may be followed by. */
  readonly start: number;
  readonly end: number;
}

/** Token ids and what is scored of them; the arrays are the caller's. */
export interface EncodedPieces {
  readonly inputIds: number[];
  /** The id at each scored position and {@link UNSCORED} elsewhere. */
  readonly labels: number[];
  /** What the ids were made of, in order; those of each piece follow on those of the one before. */
  readonly pieces: readonly EncodedPiece[];
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
 * generation ends before it. The end token itself is a label like any other, also where the model pads with the same one.
 */
export function encodePieces(
  pieces: readonly TextPiece[],
  tokenizer: RowTokenizer,
  { addSpecialTokens, goesOn }: EncodePiecesOptions,
): EncodedPieces {
  const end = tokenizer.endOfSequenceId;
  const inputIds: number[] = [];
  const labels: number[] = [];
  const encoded: EncodedPiece[] = [];
  let ended = false; // whether the last reply holds the end token
  let learnt = false; // whether the end of the last reply is scored
  for (const [index, { text, reply, scored, closes }] of pieces.entries()) {
    const start = inputIds.length;
    const framed = addSpecialTokens && index === 0;
    const ids = tokenizer.encode(text, { addSpecialTokens: framed });
    // Some tokenizers close every text with the end token, also one that goes on.
    if (framed && (goesOn || pieces.length > 1) && end !== null && ids.at(-1) === end) ids.pop();
    const lastEnd = end === null ? -1 : ids.lastIndexOf(end);
    if (reply) [ended, learnt] = [lastEnd !== -1, scored];
    const scoredUpTo = lastEnd === -1 ? ids.length : lastEnd + 1;
    for (const [position, id] of ids.entries()) {
      inputIds.push(id);
      labels.push(scored && position < scoredUpTo ? id : UNSCORED);
    }
    if (closes && !ended && end !== null) {
      inputIds.push(end);
      labels.push(learnt ? end : UNSCORED);
    }
    encoded.push({ text, reply, scored, start, end: inputIds.length });
  }
  return { inputIds, labels, pieces: encoded };
}

/** Ids of a text that is to be continued as it stands, as the prompt of a completion row is encoded. */
export function encodeTextPrompt(text: string, tokenizer: RowTokenizer): number[] {
  const pieces = [{ text, reply: false, scored: false, closes: false }];
  return encodePieces(pieces, tokenizer, { addSpecialTokens: true, goesOn: true }).inputIds;
}
