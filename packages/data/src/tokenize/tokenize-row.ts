import { phrase } from "@lathe/files";
import { checkInteger } from "../option-error.js";
import { conversationOf } from "../rows/conversation-of.js";
import { RowError } from "../rows/row-error.js";
import { UNSCORED, type Row } from "../rows/row.js";
import { encodeConversation, type EncodedConversation } from "./encode-conversation.js";
import { encodePieces, type TextPiece } from "./encode-pieces.js";
import type { RowTokenizer } from "./row-tokenizer.js";
import { UnscoredRowError } from "./unscored-row-error.js";

/** How a row is tokenised. */
export interface TokenizeOptions {
  /** Longest row in tokens; the end of a longer one is cut off. @defaultValue no limit */
  readonly maxTokens?: number;
}

/** A row as a model is trained on it. */
export interface TokenizedRow {
  /** [T] token ids */
  readonly inputIds: Int32Array;
  /** [T] the id at each scored position and {@link UNSCORED} elsewhere; a label is predicted from the positions before its own. */
  readonly labels: Int32Array;
  /** Whether the end was cut off. */
  readonly truncated: boolean;
  /** Replies of the dialogue that are not scored, because the chat template rewrites them once other turns follow. */
  readonly unlabelledTurns: number;
}

/**
 * Tokenises a row with a loss mask: of pairs and dialogues the replies are scored, of completion rows the completion, of
 * running text everything, of tokenised rows what their labels say.
 *
 * Pairs and dialogues are encoded by {@link encodeConversation}. Texts are encoded piece by piece, parted where scoring begins or ends, so
 * that the ids before a reply are those that generation is given. The end-of-sequence token after a reply is scored, and is added at the end of the row
 * where the template has none. What a template writes behind it (Qwen's line feed) is not scored, for generation ends before.
 *
 * The label of the first position is always {@link UNSCORED}: nothing comes before it.
 *
 * @param tokenizer may be null for rows that are tokenised already
 * @throws UnscoredRowError when no scored token is left, within `maxTokens` if that is given
 * @throws RowError when the row needs a tokenizer and there is none, or the chat template refuses it
 */
export function tokenizeRow(
  row: Row,
  tokenizer: RowTokenizer | null,
  options: TokenizeOptions = {},
): TokenizedRow {
  const maxTokens =
    options.maxTokens === undefined ? undefined : checkInteger("maxTokens", options.maxTokens, 2);
  const { inputIds, labels, unlabelledTurns } = encodeRow(row, tokenizer);
  if (labels.length > 0) labels[0] = UNSCORED;
  if (labels.every((label) => label === UNSCORED)) throw new UnscoredRowError(inputIds.length, null);
  const truncated = maxTokens !== undefined && inputIds.length > maxTokens;
  if (truncated && labels.slice(0, maxTokens).every((label) => label === UNSCORED)) {
    throw new UnscoredRowError(inputIds.length, maxTokens);
  }
  return {
    inputIds: Int32Array.from(truncated ? inputIds.slice(0, maxTokens) : inputIds),
    labels: Int32Array.from(truncated ? labels.slice(0, maxTokens) : labels),
    truncated,
    unlabelledTurns,
  };
}

function encodeRow(row: Row, tokenizer: RowTokenizer | null): EncodedConversation {
  if (row.kind === "tokens")
    return { inputIds: [...row.inputIds], labels: [...row.labels], unlabelledTurns: 0 };
  if (row.kind === "preference" || row.kind === "preference-tokens") {
    throw new RowError(
      null,
      "a row of preferences is no row of token ids and labels: train on it with a preference objective, and prepare it without a model",
    );
  }
  if (tokenizer === null) {
    throw new RowError(
      null,
      phrase`a ${row.kind} row needs a tokenizer, and the model has none; give rows of {"input_ids","labels"}`,
    );
  }
  const conversation = conversationOf(row);
  if (conversation !== null)
    return encodeConversation(conversation, tokenizer, { addGenerationPrompt: false });
  const pieces = rawPieces(row);
  return {
    ...encodePieces(pieces, tokenizer, { addSpecialTokens: true, goesOn: false }),
    unlabelledTurns: 0,
  };
}

/** Raw text takes no chat template. */
function rawPieces(row: Row): TextPiece[] {
  switch (row.kind) {
    case "text":
      return [{ text: row.text, scored: true, closes: true }];
    case "completion":
      return [
        { text: row.prompt, scored: false, closes: false },
        { text: row.completion, scored: true, closes: true },
      ];
    default:
      return [];
  }
}
