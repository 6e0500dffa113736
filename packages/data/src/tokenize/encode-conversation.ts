import { RowError } from "../rows/row-error.js";
import { callsTools, type ChatMessage, type Conversation } from "../rows/row.js";
import { chatPieces, type ChatPiecesOptions } from "./chat-pieces.js";
import { encodePieces, type EncodedPieces, type TextPiece } from "./encode-pieces.js";
import { learntTurns, type LossTurns } from "./learnt-turns.js";
import {
  promptUnder,
  reasoningLength,
  type ReasoningPolicy,
  replyParts,
  withReasoning,
} from "./reasoning.js";
import type { RowTokenizer } from "./row-tokenizer.js";

/** What a conversation is encoded for. */
export interface EncodeConversationOptions {
  /**
   * Whether the ids end where the assistant begins to speak, as the prompt of a generation does. Otherwise they end with
   * the last reply, and turns after it are dropped, as nothing in them is scored.
   */
  readonly addGenerationPrompt: boolean;
  /** Which replies are scored; turns with `train: false` or `weight: 0` are not, whatever it says. @defaultValue "all" */
  readonly lossOn?: LossTurns;
  /** What becomes of the reasoning of replies, and of a prompt that opens it. @defaultValue "keep" */
  readonly reasoning?: ReasoningPolicy;
}

/** A conversation as a model is trained on it or given it. */
export interface EncodedConversation extends EncodedPieces {
  /** Replies that are not scored, because the chat template rewrites them once other turns follow. */
  readonly unlabelledTurns: number;
  /** Replies whose reasoning the policy kept, masked, emptied or left out. */
  readonly reasoningTurns: number;
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
  { addGenerationPrompt, lossOn = "all", reasoning = "keep" }: EncodeConversationOptions,
): EncodedConversation {
  const { messages } = conversation;
  const learnt = learntTurns(messages, lossOn, reasoning);
  const reasoningTurns = messages.filter(
    (message) =>
      message.role === "assistant" &&
      (reasoning === "empty" ? message.content !== null : replyParts(message).reasoning !== null),
  ).length;
  if (tokenizer.renderChat === undefined) {
    refuseTools(conversation);
    const pieces = plainPieces(messages, tokenizer, { addGenerationPrompt, learnt, reasoning });
    const encoded = encodePieces(pieces, tokenizer, { addSpecialTokens: true, goesOn: addGenerationPrompt });
    return { ...encoded, unlabelledTurns: 0, reasoningTurns };
  }
  const { pieces, unlabelledTurns } = chatPieces(
    conversation,
    // Called as a method: a tokenizer may be a class.
    (turns, options) => (tokenizer as Required<RowTokenizer>).renderChat(turns, options),
    { addGenerationPrompt, learnt, reasoning },
  );
  // The rendered text spells the begin token out.
  const encoded = encodePieces(pieces, tokenizer, { addSpecialTokens: false, goesOn: addGenerationPrompt });
  return { ...encoded, unlabelledTurns, reasoningTurns };
}

/** The turns one after the other, parted at the replies. */
function plainPieces(
  messages: readonly ChatMessage[],
  { endOfSequenceId }: RowTokenizer,
  { addGenerationPrompt, learnt, reasoning }: ChatPiecesOptions,
): TextPiece[] {
  const last = messages.findLastIndex(
    ({ role }, turn) => role === "assistant" && (learnt[turn] || !learnt.includes(true)),
  );
  const pieces: TextPiece[] = [];
  let given = "";
  for (const [turn, message] of messages.entries()) {
    if (!addGenerationPrompt && turn > last) break;
    const content = withReasoning(message, reasoning).content ?? "";
    if (message.role !== "assistant") {
      given += `${content}\n`;
      continue;
    }
    // Without an end token a line feed keeps a reply and the next turn apart.
    const parted = endOfSequenceId === null && (turn < last || addGenerationPrompt);
    pieces.push({ text: given, reply: false, scored: false, closes: false });
    const scored = learnt[turn];
    const text = `${content}${parted ? "\n" : ""}`;
    const thought = reasoning === "mask" || reasoning === "empty" ? reasoningLength(text, false) : 0;
    if (thought > 0) {
      const block = { reply: true, scored: scored && reasoning === "empty", closes: false };
      pieces.push({ text: text.slice(0, thought), ...block });
    }
    pieces.push({ text: text.slice(thought), reply: true, scored, closes: true });
    given = "";
  }
  if (addGenerationPrompt) {
    const [prompt, block] = promptUnder(given, reasoning);
    pieces.push({ text: prompt, reply: false, scored: false, closes: false });
    if (block !== "") pieces.push({ text: block, reply: false, scored: false, closes: false });
  }
  return pieces;
}

/** Nothing but a template says how tools and calls of them are written; without one they would be lost. */
function refuseTools({ messages, tools }: Conversation): void {
  const needed = "needs a chat template to be written out, and the model has none";
  if (tools !== undefined && tools.length > 0) throw new RowError("tools", needed);
  const calling = messages.findIndex(callsTools);
  if (calling !== -1) throw new RowError(`messages[${calling}].tool_calls`, needed);
}
