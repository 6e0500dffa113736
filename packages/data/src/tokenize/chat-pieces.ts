import { phrase, phraseOfError } from "@lathe/files";
import { RowError } from "../rows/row-error.js";
import type { RowTokenizer } from "./row-tokenizer.js";
import type { ChatMessage, Conversation } from "../rows/row.js";
import type { TextPiece } from "./encode-pieces.js";

/** A dialogue as rendered text, parted where scoring begins and ends. */
export interface ChatPieces {
  readonly pieces: readonly TextPiece[];
  /** Turns of the assistant that stand in the text otherwise than generation would have put them, and so are not scored. */
  readonly unlabelledTurns: number;
}

/** Where a reply stands in a rendered dialogue, in UTF-16 units. */
interface Span {
  readonly start: number;
  readonly end: number;
}

type RenderChat = NonNullable<RowTokenizer["renderChat"]>;

const REASONING = /^\s*<think>([\s\S]*?)<\/think>/;

/**
 * Renders a conversation and finds the replies in it.
 *
 * The reply of turn i is what the template adds to the generation prompt for the turns before it. A template may however
 * rewrite earlier turns once others follow (Qwen3's drops their reasoning); a reply is found only where the whole rendering
 * begins with the very text up to its end. The last reply of a row to train on is always found, unless it is empty.
 *
 * @param render the chat template of the model
 * @param addGenerationPrompt whether the text ends where the assistant begins to speak; otherwise it ends with the last reply
 * @throws RowError when the template refuses the conversation
 */
export function chatPieces(
  { messages: dialogue, tools }: Conversation,
  render: RenderChat,
  addGenerationPrompt: boolean,
): ChatPieces {
  const last = dialogue.findLastIndex(({ role }) => role === "assistant");
  const messages = addGenerationPrompt ? dialogue : dialogue.slice(0, last + 1);
  const template = (
    turns: readonly ChatMessage[],
    generate: boolean,
    onGenerated?: (spans: readonly (readonly [start: number, end: number])[]) => void,
  ): string => {
    try {
      return render([...turns], {
        addGenerationPrompt: generate,
        ...(onGenerated === undefined ? {} : { onGenerated }),
        ...(tools === undefined ? {} : { tools }),
      });
    } catch (error) {
      const problem = phrase`the chat template refuses the dialogue: ${phraseOfError(error)}`;
      throw new RowError("messages", problem, undefined, { cause: error });
    }
  };

  let generated: readonly Span[] = [];
  const whole = template(messages, addGenerationPrompt, (spans) => {
    generated = spans.map(([start, end]) => ({ start, end })).filter(({ start, end }) => start < end);
  });
  const replies = messages.filter(({ role }) => role === "assistant").length;
  // A template that says itself what the assistant generates is believed.
  if (generated.length > 0) return parted(whole, generated, replies, addGenerationPrompt);
  let full = whole;
  const found: { readonly message: ChatMessage; readonly before: ChatMessage[]; readonly upTo: string }[] =
    [];
  let lastSpan: Span | undefined;
  for (const [index, message] of messages.entries()) {
    if (message.role !== "assistant") continue;
    const before = messages.slice(0, index);
    const isLearnt = index === last && !addGenerationPrompt;
    const upTo = isLearnt ? whole : template(messages.slice(0, index + 1), false);
    if (!lostReasoning(message, upTo)) {
      found.push({ message, before, upTo });
    } else if (isLearnt) {
      // An earlier turn stays as the template has it, for that is the history generation will see; only the reply to learn is restored.
      const restored = restoreReasoning(template(before, true), message, upTo);
      full = restored.text;
      lastSpan = restored.span;
    }
  }

  const spans: Span[] = [];
  for (const { message, before, upTo } of found) {
    if (!full.startsWith(upTo)) continue;
    const start = replyStart(before, message, upTo, template);
    if (start >= (spans.at(-1)?.end ?? 0)) spans.push({ start, end: upTo.length });
  }
  if (lastSpan !== undefined) spans.push(lastSpan);
  return parted(full, spans, replies, addGenerationPrompt);
}

function parted(
  text: string,
  spans: readonly Span[],
  replies: number,
  addGenerationPrompt: boolean,
): ChatPieces {
  const pieces = cutAt(text, spans);
  // The end token that a template lacks is learnt behind all that the template writes after the last reply.
  const closing = addGenerationPrompt ? undefined : pieces.at(-1);
  return {
    pieces: pieces.map((piece) => ({ ...piece, closes: piece === closing })),
    unlabelledTurns: Math.max(0, replies - spans.length),
  };
}

/** Index in `upTo` at which the reply of the assistant begins. */
function replyStart(
  before: readonly ChatMessage[],
  message: ChatMessage,
  upTo: string,
  template: (turns: readonly ChatMessage[], addGenerationPrompt: boolean) => string,
): number {
  // Templates tend to look at the first message, so none is asked to render an empty dialogue.
  const prompt = before.length === 0 ? undefined : template(before, true);
  if (prompt !== undefined && upTo.startsWith(prompt)) return prompt.length;
  // The generation prompt holds something that the finished turn does not, such as "<think>\n". What they share ends
  // where the reply begins, unless the reply happens to begin like the rest of the prompt: two other
  // replies, which begin with different letters, show where any reply begins.
  const others = ["a", "b"].map((content) => template([...before, { ...message, content }], false));
  const shared = [...(prompt === undefined ? [] : [prompt]), ...others].map(
    (text) => commonPrefix(text, upTo).length,
  );
  return Math.min(...shared);
}

/** Whether the template left out the reasoning of a reply, as those of DeepSeek-R1's distills do. */
function lostReasoning(message: ChatMessage, upTo: string): boolean {
  const reasoning = REASONING.exec(message.content ?? "")?.[1].trim() ?? "";
  return reasoning !== "" && !upTo.includes(reasoning);
}

/**
 * The text of a dialogue whose last reply keeps the reasoning that the template would drop: the generation
 * prompt, then the reply as generation writes it, then what the template puts after a reply.
 */
function restoreReasoning(
  prompt: string,
  message: ChatMessage,
  upTo: string,
): { readonly text: string; readonly span: Span } {
  const content = message.content ?? "";
  const answer = content.replace(REASONING, "").trim();
  const at = upTo.lastIndexOf(answer);
  const ending = at === -1 ? "" : upTo.slice(at + answer.length);
  // The prompt may have opened the reasoning already.
  const opened = prompt.trimEnd().endsWith("<think>");
  const reply = opened ? content.replace(/^\s*<think>\n?/, "") : content.trimStart();
  const text = prompt + reply.trimEnd() + ending;
  return { text, span: { start: prompt.length, end: text.length } };
}

function cutAt(text: string, spans: readonly Span[]): TextPiece[] {
  const pieces: TextPiece[] = [];
  let at = 0;
  for (const { start, end } of spans) {
    pieces.push(
      { text: text.slice(at, start), scored: false, closes: false },
      { text: text.slice(start, end), scored: true, closes: false },
    );
    at = end;
  }
  pieces.push({ text: text.slice(at), scored: false, closes: false });
  return pieces.filter((piece) => piece.text !== "");
}

function commonPrefix(left: string, right: string): string {
  let length = 0;
  while (length < left.length && left[length] === right[length]) length += 1;
  // Half of a surrogate pair is no text.
  if (length > 0 && (left.charCodeAt(length - 1) & 0xfc00) === 0xd800) length -= 1;
  return left.slice(0, length);
}
