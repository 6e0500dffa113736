import { conversationOf, encodeConversation, type ReasoningPolicy, type Row, UNSCORED } from "@lathe/data";
import type { Tokenizer } from "@lathe/model";
import type { LabelledRow } from "./labelled-rows.js";

/** A reply to generate and what it should be. */
export interface ReplyTask {
  /** Ids up to where the reply begins. */
  readonly promptIds: Int32Array;
  /** What was asked, for people. */
  readonly prompt: string;
  readonly reference: string;
}

/** First and last + 1 of the positions of the last reply: the last stretch of labels. */
function lastReply(labels: Int32Array): [start: number, end: number] {
  let end = labels.length;
  while (end > 0 && labels[end - 1] === UNSCORED) end--;
  let start = end;
  while (start > 0 && labels[start - 1] !== UNSCORED) start--;
  return [start, end];
}

/** Ids before the last reply of a dialogue; of one whose reasoning is masked, labels begin behind that. */
function promptOf(row: Row, tokenizer: Tokenizer): Int32Array | null {
  const conversation = conversationOf(row);
  if (conversation === null) return null;
  const last = conversation.messages.findLastIndex(({ role }) => role === "assistant");
  const messages = conversation.messages.slice(0, last);
  if (messages.length === 0) return null;
  return Int32Array.from(
    encodeConversation({ ...conversation, messages }, tokenizer, { addGenerationPrompt: true }).inputIds,
  );
}

/**
 * What there is to generate of a row: its last reply, from everything before. Null where nothing is asked, as in running
 * text, and for token rows without a tokenizer to read them.
 */
export function replyTask(
  { row, inputIds, labels }: LabelledRow,
  tokenizer: Tokenizer | null,
  reasoning: ReasoningPolicy,
): ReplyTask | null {
  const [start, end] = lastReply(labels);
  if (start === 0 || start === end || row.kind === "text") return null;
  const promptIds =
    reasoning === "mask" && tokenizer
      ? (promptOf(row, tokenizer) ?? inputIds.slice(0, start))
      : inputIds.slice(0, start);
  switch (row.kind) {
    case "pair":
      return { promptIds, prompt: row.input, reference: row.output };
    case "completion":
      return { promptIds, prompt: row.prompt, reference: row.completion };
    case "messages": {
      const last = row.messages.findLastIndex(({ role }) => role === "assistant");
      const asked = row.messages.slice(0, last).findLast(({ role }) => role === "user");
      // A reply that only calls tools is known by its tokens alone.
      const reference = row.messages[last].content ?? tokenizer?.decode(inputIds.slice(start, end)) ?? "";
      return { promptIds, prompt: asked?.content ?? "", reference };
    }
    case "preference":
    case "preference-tokens":
      return null;
    case "tokens":
      if (!tokenizer) return null;
      return {
        promptIds,
        prompt: tokenizer.decode(promptIds),
        reference: tokenizer.decode(inputIds.slice(start, end)),
      };
  }
}
