import type { ChatMessage } from "../rows/row.js";

/**
 * What becomes of the reasoning of R1 models (`<think>…</think>`, or `reasoning_content`) in replies:
 *
 * - `keep`: it stands in the text and is learnt.
 * - `mask`: it stands in the text and is not learnt.
 * - `empty`: an empty block takes its place, also where there is none, and is learnt: the model answers at once.
 * - `strip`: it is left out.
 */
export const REASONING_POLICIES = ["keep", "mask", "empty", "strip"] as const;

/** One of {@link REASONING_POLICIES}. */
export type ReasoningPolicy = (typeof REASONING_POLICIES)[number];

const OPEN = "<think>";
const CLOSE = "</think>";
/** What a reply without reasoning begins with. */
export const EMPTY_REASONING = `${OPEN}\n\n${CLOSE}\n\n`;

/** What a turn thinks and what it says. */
export interface ReplyParts {
  /** Null where the turn has none. */
  readonly reasoning: string | null;
  /** What is said after it. */
  readonly answer: string;
  /** Whether the reasoning ends; one that does not was cut off before the answer. */
  readonly isEnded: boolean;
}

/**
 * Parts a turn of the assistant at the end of its reasoning: the last `</think>` before which nothing else opens, whether or not the
 * turn writes the `<think>` that a template may have written already.
 */
export function replyParts({ content, reasoning_content: apart }: ChatMessage): ReplyParts {
  const text = content ?? "";
  const start = /^\s*<think>\n?/.exec(text)?.[0].length ?? 0;
  const end = text.indexOf(CLOSE);
  const hasOpened = start > 0;
  // A block that is opened further back belongs to the answer.
  if (end !== -1 && (hasOpened || !text.slice(0, end).includes(OPEN))) {
    const answer = text.slice(end + CLOSE.length).replace(/^\s+/, "");
    return { reasoning: text.slice(start, end).trim(), answer, isEnded: true };
  }
  if (hasOpened) return { reasoning: text.slice(start).trim(), answer: "", isEnded: false };
  const reasoning = typeof apart === "string" && apart.trim() !== "" ? apart.trim() : null;
  return { reasoning, answer: text, isEnded: true };
}

/** A turn of the assistant as a policy has it; the very same turn where it changes nothing. */
export function withReasoning(message: ChatMessage, policy: ReasoningPolicy): ChatMessage {
  if (message.role !== "assistant" || policy === "keep" || policy === "mask") return message;
  const { reasoning, answer } = replyParts(message);
  if (policy === "strip" && reasoning === null) return message;
  const { reasoning_content: _left, ...rest } = message;
  // A turn that only calls tools says nothing, and goes on to say nothing.
  if (message.content === null) return { ...rest, content: null };
  return { ...rest, content: policy === "empty" ? EMPTY_REASONING + answer : answer };
}

/** How many characters at the beginning of a reply are reasoning; 0 where it has none. @param isOpened whether the text before opens it */
export function reasoningLength(reply: string, isOpened: boolean): number {
  const block = isOpened ? /^[\s\S]*?<\/think>\s*/ : /^\s*<think>[\s\S]*?<\/think>\s*/;
  return block.exec(reply)?.[0].length ?? 0;
}

/** Whether a text ends within a block of reasoning that has just begun, as the prompts of R1's distills do. */
export const opensReasoning = (text: string): boolean => /<think>\s*$/.test(text);

/** The end of a prompt under a policy: with the thought closed at once, or not opened. */
export function promptUnder(
  prompt: string,
  policy: ReasoningPolicy,
): readonly [prompt: string, block: string] {
  const isOpened = opensReasoning(prompt);
  if (policy === "strip") return [isOpened ? prompt.replace(/<think>\s*$/, "") : prompt, ""];
  if (policy !== "empty") return [prompt, ""];
  if (!isOpened) return [prompt, prompt.trimEnd().endsWith(CLOSE) ? "" : EMPTY_REASONING];
  return [prompt, `${/\n$/.test(prompt) ? "" : "\n"}\n${CLOSE}\n\n`];
}
