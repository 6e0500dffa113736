import type { ChatMessage } from "../rows/row.js";
import { replyParts, type ReasoningPolicy } from "./reasoning.js";

/** Which replies of a dialogue are learnt: all, or the last turn of the assistant alone. */
export const LOSS_TURNS = ["all", "last"] as const;

/** One of {@link LOSS_TURNS}. */
export type LossTurns = (typeof LOSS_TURNS)[number];

/** Whether each turn is learnt. */
export function learntTurns(
  messages: readonly ChatMessage[],
  lossOn: LossTurns,
  reasoning: ReasoningPolicy,
): boolean[] {
  const last = messages.findLastIndex(({ role }) => role === "assistant");
  return messages.map((message, index) => {
    if (message.role !== "assistant" || (lossOn === "last" && index !== last)) return false;
    if (message.train === false || message.weight === 0) return false;
    // Reasoning that was cut off before the answer leaves nothing to learn without it.
    return reasoning === "keep" || replyParts(message).isEnded;
  });
}

/** A turn without the keys that say whether it is learnt, which are not for templates. */
export function withoutLossKeys(message: ChatMessage): ChatMessage {
  if (!Object.hasOwn(message, "train") && !Object.hasOwn(message, "weight")) return message;
  const { train: _train, weight: _weight, ...rest } = message;
  return rest;
}
