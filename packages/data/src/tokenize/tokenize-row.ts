import { phrase } from "@lathe/files";
import { checkInteger } from "../option-error.js";
import { conversationOf } from "../rows/conversation-of.js";
import { RowError } from "../rows/row-error.js";
import { rowWeight } from "../rows/row-weight.js";
import { type ChatMessage, UNSCORED, type Row } from "../rows/row.js";
import { encodeConversation, type EncodedConversation } from "./encode-conversation.js";
import { encodePieces, type TextPiece } from "./encode-pieces.js";
import { learntTurns, type LossTurns } from "./learnt-turns.js";
import { cutIds, type OverlongPolicy, splitTurns } from "./overlong.js";
import { OverlongRowError } from "./overlong-row-error.js";
import type { ReasoningPolicy } from "./reasoning.js";
import type { RowTokenizer } from "./row-tokenizer.js";
import { UnscoredRowError } from "./unscored-row-error.js";

/** What a row is to teach, and how long it may be. */
export interface TokenizeOptions {
  /** Longest row in tokens. @defaultValue no limit */
  readonly maxTokens?: number;
  /** What becomes of a longer row. @defaultValue "cut-right" */
  readonly overlong?: OverlongPolicy;
  /** Which replies are scored; turns with `train: false` or `weight: 0` are not, whatever it says. @defaultValue "all" */
  readonly lossOn?: LossTurns;
  /** What becomes of the reasoning of replies. @defaultValue "keep" */
  readonly reasoning?: ReasoningPolicy;
}

/** A row as a model is trained on it. */
export interface TokenizedRow {
  /** [T] token ids */
  readonly inputIds: Int32Array;
  /** [T] the id at each scored position and {@link UNSCORED} elsewhere; a label is predicted from the positions before its own. */
  readonly labels: Int32Array;
  /** Factor on the losses of its labels: the row's `weight`, 1 where it has none. */
  readonly weight: number;
  /** Whether something was cut off. */
  readonly truncated: boolean;
  /** Replies of the dialogue that are not scored, because the chat template rewrites them once other turns follow. */
  readonly unlabelledTurns: number;
  /** Replies whose reasoning the policy kept, masked, emptied or left out. */
  readonly reasoningTurns: number;
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
 * @returns one row, or with the policy `split-turns` as many as a dialogue that is too long falls into
 * @throws UnscoredRowError when no scored token is left, within `maxTokens` if that is given
 * @throws OverlongRowError when the row is longer than `maxTokens` and is not to be cut
 * @throws RowError when the row needs a tokenizer and there is none, or the chat template refuses it
 */
export function tokenizeRows(
  row: Row,
  tokenizer: RowTokenizer | null,
  options: TokenizeOptions = {},
): [TokenizedRow, ...TokenizedRow[]] {
  const { maxTokens: limit, overlong = "cut-right", lossOn = "all", reasoning = "keep" } = options;
  const maxTokens = limit === undefined ? Number.POSITIVE_INFINITY : checkInteger("maxTokens", limit, 2);
  const weight = rowWeight(row);
  const whole = encodeRow(row, tokenizer, { lossOn, reasoning });
  const { inputIds, unlabelledTurns, reasoningTurns } = whole;
  if (weight === 0 || !isScored(whole.labels)) throw new UnscoredRowError(inputIds.length, null);
  const counts = { weight, unlabelledTurns, reasoningTurns };
  if (inputIds.length <= maxTokens) return [tokenized(whole, { ...counts, truncated: false })];
  if (overlong === "drop" || overlong === "error") throw new OverlongRowError(inputIds.length, maxTokens);
  const begin = tokenizer?.beginOfSequenceId ?? null;
  const parts = overlong === "split-turns" ? partsOf(row, tokenizer, { lossOn, reasoning, maxTokens }) : [];
  if (parts.length > 0) {
    const rows = parts.map((part) => {
      const cut = cutIds(part, maxTokens, "cut-left", begin);
      return tokenized(cut, { ...part, weight, truncated: part.inputIds.length > maxTokens });
    });
    const scored = rows.filter(({ labels }) => isScored(labels));
    const [first, ...others] = scored;
    if (first !== undefined) return [first, ...others];
    throw new UnscoredRowError(inputIds.length, maxTokens);
  }
  const cut = cutIds(whole, maxTokens, overlong === "split-turns" ? "cut-left" : overlong, begin);
  if (!isScored(cut.labels)) throw new UnscoredRowError(inputIds.length, maxTokens);
  return [tokenized(cut, { ...counts, truncated: true })];
}

/** {@link TokenizeOptions} under which a row stays one row. */
export interface TokenizeRowOptions extends TokenizeOptions {
  /** What becomes of a longer row. @defaultValue "cut-right" */
  readonly overlong?: Exclude<OverlongPolicy, "split-turns">;
}

/** {@link tokenizeRows} where one row stays one. @throws what that throws */
export function tokenizeRow(
  row: Row,
  tokenizer: RowTokenizer | null,
  options: TokenizeRowOptions = {},
): TokenizedRow {
  return tokenizeRows(row, tokenizer, options)[0];
}

/** Whether a label is left that something comes before. */
const isScored = (labels: ArrayLike<number>): boolean =>
  Array.prototype.some.call(labels, (label, index) => index > 0 && label !== UNSCORED);

function tokenized(
  { inputIds, labels }: { readonly inputIds: readonly number[]; readonly labels: readonly number[] },
  { weight, truncated, unlabelledTurns, reasoningTurns }: Omit<TokenizedRow, "inputIds" | "labels">,
): TokenizedRow {
  const scored = Int32Array.from(labels);
  if (scored.length > 0) scored[0] = UNSCORED;
  return {
    inputIds: Int32Array.from(inputIds),
    labels: scored,
    weight,
    truncated,
    unlabelledTurns,
    reasoningTurns,
  };
}

/** What a row is to teach. */
export interface EncodeRowOptions {
  /** Which replies are scored. */
  readonly lossOn: LossTurns;
  /** What becomes of the reasoning of replies. */
  readonly reasoning: ReasoningPolicy;
}

/** The parts of a dialogue that has more exchanges than fit; none of any other row. */
function partsOf(
  row: Row,
  tokenizer: RowTokenizer | null,
  { maxTokens, lossOn, reasoning }: EncodeRowOptions & { readonly maxTokens: number },
): EncodedConversation[] {
  const conversation = conversationOf(row);
  if (conversation === null || tokenizer === null) return [];
  const { messages } = conversation;
  // Said of every turn: the last one of a part is not the last one of the dialogue.
  const learnt = learntTurns(messages, lossOn, reasoning);
  const marked = messages.map((message, turn) =>
    message.role === "assistant" && !learnt[turn] ? { ...message, train: false } : message,
  );
  const encode = (part: readonly ChatMessage[]): EncodedConversation =>
    encodeConversation({ ...conversation, messages: part }, tokenizer, {
      addGenerationPrompt: false,
      reasoning,
    });
  return splitTurns(marked, (part) => encode(part).inputIds.length <= maxTokens)
    .filter((part) => part.some(({ role }) => role === "assistant"))
    .map(encode);
}

/**
 * A whole row with its labels and the pieces that it was encoded by, for people to look at.
 * @throws RowError as {@link tokenizeRows} does
 */
export function encodeRow(
  row: Row,
  tokenizer: RowTokenizer | null,
  { lossOn, reasoning }: EncodeRowOptions,
): EncodedConversation {
  const none = { unlabelledTurns: 0, reasoningTurns: 0 };
  if (row.kind === "tokens")
    return { inputIds: [...row.inputIds], labels: [...row.labels], pieces: [], ...none };
  if (row.kind === "preference" || row.kind === "preference-tokens") {
    throw new RowError(
      null,
      "a row of preferences is no row of token ids and labels: train on it with a preference objective, and prepare it without a model",
    );
  }
  if (row.kind === "completion" && row.fields["label"] === false) {
    throw new RowError(
      null,
      "a completion that is judged bad (label false) is nothing to learn: train on such rows with objective kto, or leave them out",
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
    return encodeConversation(conversation, tokenizer, { addGenerationPrompt: false, lossOn, reasoning });
  return { ...encodePieces(rawPieces(row), tokenizer, { addSpecialTokens: true, goesOn: false }), ...none };
}

/** Raw text takes no chat template. */
function rawPieces(row: Row): TextPiece[] {
  switch (row.kind) {
    case "text":
      return [{ text: row.text, reply: true, scored: true, closes: true }];
    case "completion":
      return [
        { text: row.prompt, reply: false, scored: false, closes: false },
        { text: row.completion, reply: true, scored: true, closes: true },
      ];
    default:
      return [];
  }
}
