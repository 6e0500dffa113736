import { RowError } from "../rows/row-error.js";
import { callsTools, type ChatMessage, type Conversation } from "../rows/row.js";
import { chatPieces } from "./chat-pieces.js";
import { encodePieces, type EncodedPieces, type TextPiece } from "./encode-pieces.js";
import type { RowTokenizer } from "./row-tokenizer.js";

/** What a conversation is encoded for. */
export interface EncodeConversationOptions {
  /**
   * Whether the ids end where the assistant begins to speak, as the prompt of a generation does. Otherwise they end with
   * the last reply, and turns after it are dropped, as nothing in them is scored.
   */
  readonly addGenerationPrompt: boolean;
}

/** A conversation as a model is trained on it or given it. */
export interface EncodedConversation extends EncodedPieces {
  /** Replies that are not scored, because the chat template rewrites them once other turns follow. */
  readonly unlabelledTurns: number;
}

/**
 * Encodes a conversation: the one place where rows to train on and prompts to answer get their ids, so that a dialogue
 * which was trained and the same dialogue held in a chat agree token by token. The ids of the turns before a reply are the
 * beginning of the ids of the row, wherever the chat template itself writes both alike.
 *
 * With a chat template the rendered text is parted where replies begin and end, and each part is encoded on its own. Without one, a
 * line feed follows every turn that is not a reply and the end token (or, where the tokenizer has none, a line feed) every reply.
 *
 * @throws RowError when the chat template refuses the conversation, or tools are spoken of and there is no template to say how
 */
export function encodeConversation(
  conversation: Conversation,
  tokenizer: RowTokenizer,
  { addGenerationPrompt }: EncodeConversationOptions,
): EncodedConversation {
  if (tokenizer.renderChat === undefined) {
    refuseTools(conversation);
    const pieces = plainPieces(conversation.messages, tokenizer, addGenerationPrompt);
    const encoded = encodePieces(pieces, tokenizer, { addSpecialTokens: true, goesOn: addGenerationPrompt });
    return { ...encoded, unlabelledTurns: 0 };
  }
  const { pieces, unlabelledTurns } = chatPieces(
    conversation,
    // Called as a method: a tokenizer may be a class.
    (turns, options) => (tokenizer as Required<RowTokenizer>).renderChat(turns, options),
    addGenerationPrompt,
  );
  // The rendered text spells the begin token out.
  const encoded = encodePieces(pieces, tokenizer, { addSpecialTokens: false, goesOn: addGenerationPrompt });
  return { ...encoded, unlabelledTurns };
}

/** The turns one after the other, parted at the replies. */
function plainPieces(
  messages: readonly ChatMessage[],
  { endOfSequenceId }: RowTokenizer,
  addGenerationPrompt: boolean,
): TextPiece[] {
  const last = messages.findLastIndex(({ role }) => role === "assistant");
  const pieces: TextPiece[] = [];
  let given = "";
  for (const [index, { role, content }] of messages.entries()) {
    if (role !== "assistant") {
      given += `${content ?? ""}\n`;
      continue;
    }
    // Without an end token a line feed keeps a reply and the next turn apart.
    const parted = endOfSequenceId === null && (index < last || addGenerationPrompt);
    pieces.push({ text: given, scored: false, closes: false });
    pieces.push({ text: `${content ?? ""}${parted ? "\n" : ""}`, scored: true, closes: true });
    given = "";
  }
  if (addGenerationPrompt) pieces.push({ text: given, scored: false, closes: false });
  return pieces;
}

/** Nothing but a template says how tools and calls of them are written; without one they would be lost. */
function refuseTools({ messages, tools }: Conversation): void {
  const needed = "needs a chat template to be written out, and the model has none";
  if (tools !== undefined && tools.length > 0) throw new RowError("tools", needed);
  const calling = messages.findIndex(callsTools);
  if (calling !== -1) throw new RowError(`messages[${calling}].tool_calls`, needed);
}
