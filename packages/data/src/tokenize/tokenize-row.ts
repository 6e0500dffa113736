import { chatPieces, type ChatPieces, type TextPiece } from "./chat-pieces.js";
import { checkInteger } from "../option-error.js";
import { RowError } from "../rows/row-error.js";
import type { RowTokenizer } from "./row-tokenizer.js";
import { UNSCORED, type ChatMessage, type Row } from "../rows/row.js";
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
 * Pairs and dialogues go through the chat template; without one, the turns are put together with a line feed after each
 * that is not a reply. Texts are encoded piece by piece, parted where scoring begins or ends, so that the ids before a reply are those
 * that generation is given. The end-of-sequence token after a reply is scored, and is added at the end of the row
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

/** Ids and labels of a row before anything is cut; the arrays are the caller's. */
interface EncodedRow {
  readonly inputIds: number[];
  readonly labels: number[];
  readonly unlabelledTurns: number;
}

function encodeRow(row: Row, tokenizer: RowTokenizer | null): EncodedRow {
  if (row.kind === "tokens")
    return { inputIds: [...row.inputIds], labels: [...row.labels], unlabelledTurns: 0 };
  if (tokenizer === null) {
    throw new RowError(
      null,
      `a ${row.kind} row needs a tokenizer, and the model has none; give rows of {"input_ids","labels"}`,
    );
  }
  switch (row.kind) {
    case "text":
      return encodePieces([{ text: row.text, scored: true }], tokenizer, true);
    case "completion":
      return encodePieces(
        [
          { text: row.prompt, scored: false },
          { text: row.completion, scored: true },
        ],
        tokenizer,
        true,
      );
    case "pair":
      return encodeDialogue(
        [
          ...(row.system === undefined ? [] : [{ role: "system", content: row.system } as const]),
          { role: "user", content: row.input },
          { role: "assistant", content: row.output },
        ],
        tokenizer,
      );
    case "messages":
      return encodeDialogue(row.messages, tokenizer);
  }
}

function encodeDialogue(messages: readonly ChatMessage[], tokenizer: RowTokenizer): EncodedRow {
  if (tokenizer.renderChat === undefined) return encodePlainDialogue(messages, tokenizer);
  const { pieces, unlabelledTurns }: ChatPieces = chatPieces(messages, (turns, chatOptions) =>
    // Called as a method: a tokenizer may be a class.
    (tokenizer as Required<RowTokenizer>).renderChat(turns, chatOptions),
  );
  // The rendered text spells the begin token out.
  return { ...encodePieces(pieces, tokenizer, false), unlabelledTurns };
}

/** A dialogue without a chat template: a line feed after every turn that is not a reply, the end token after every reply. */
function encodePlainDialogue(messages: readonly ChatMessage[], tokenizer: RowTokenizer): EncodedRow {
  const last = messages.findLastIndex(({ role }) => role === "assistant");
  const row: EncodedRow = { inputIds: [], labels: [], unlabelledTurns: 0 };
  let prompt = "";
  for (const [index, { role, content }] of messages.slice(0, last + 1).entries()) {
    if (role !== "assistant") {
      prompt += `${content}\n`;
      continue;
    }
    // Without an end token a line feed keeps a reply and the next turn apart.
    const reply = tokenizer.endOfSequenceId === null && index < last ? `${content}\n` : content;
    const pieces = [
      { text: prompt, scored: false },
      { text: reply, scored: true },
    ];
    const { inputIds, labels } = encodePieces(pieces, tokenizer, row.inputIds.length === 0);
    for (const id of inputIds) row.inputIds.push(id);
    for (const label of labels) row.labels.push(label);
    prompt = "";
  }
  return row;
}

/**
 * Encodes pieces of text one after the other and ends the row with the end token.
 *
 * @param addSpecialTokens whether the first piece gets what the tokenizer puts around a text
 */
function encodePieces(
  pieces: readonly TextPiece[],
  tokenizer: RowTokenizer,
  addSpecialTokens: boolean,
): EncodedRow {
  const end = tokenizer.endOfSequenceId;
  const inputIds: number[] = [];
  const labels: number[] = [];
  let ended = false; // whether the last scored piece holds the end token
  for (const [index, { text, scored }] of pieces.entries()) {
    const ids = tokenizer.encode(text, { addSpecialTokens: addSpecialTokens && index === 0 });
    // Some tokenizers close every text with the end token, also one that goes on.
    if (addSpecialTokens && index === 0 && pieces.length > 1 && ids.at(-1) === end) ids.pop();
    const lastEnd = end === null ? -1 : ids.lastIndexOf(end);
    if (scored) ended = lastEnd !== -1;
    const scoredUpTo = lastEnd === -1 ? ids.length : lastEnd + 1;
    for (const [position, id] of ids.entries()) {
      inputIds.push(id);
      labels.push(scored && position < scoredUpTo ? id : UNSCORED);
    }
  }
  if (end !== null && !ended) {
    inputIds.push(end);
    labels.push(end);
  }
  return { inputIds, labels, unlabelledTurns: 0 };
}
