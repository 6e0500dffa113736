import { RowError } from "../rows/row-error.js";
import type { RowTokenizer } from "./row-tokenizer.js";
import type { ChatMessage } from "../rows/row.js";

/** A stretch of the text of a row that is encoded on its own. */
export interface TextPiece {
  readonly text: string;
  /** Whether its tokens are scored. */
  readonly scored: boolean;
}

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
 * Renders a dialogue and finds the replies in it. Turns after the last reply are dropped, as nothing in them is scored.
 *
 * The reply of turn i is what the template adds to the generation prompt for the turns before it. A template may however
 * rewrite earlier turns once others follow (Qwen3's drops their reasoning); a reply is scored only where the whole rendering
 * begins with the very text up to its end. The last reply is always found, unless it is empty.
 *
 * @param render the chat template of the model
 * @throws RowError when the template refuses the dialogue
 */
export function chatPieces(dialogue: readonly ChatMessage[], render: RenderChat): ChatPieces {
  const last = dialogue.findLastIndex(({ role }) => role === "assistant");
  const messages = dialogue.slice(0, last + 1);
  const template = (turns: readonly ChatMessage[], addGenerationPrompt: boolean): string => {
    try {
      return render([...turns], { addGenerationPrompt });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new RowError("messages", `the chat template refuses the dialogue: ${reason}`, undefined, {
        cause: error,
      });
    }
  };

  const whole = template(messages, false);
  const replies = messages.filter(({ role }) => role === "assistant").length;
  let full = whole;
  let spans: Span[] = [];
  for (const [index, message] of messages.entries()) {
    if (message.role !== "assistant") continue;
    const before = messages.slice(0, index);
    const upTo = index === last ? whole : template(messages.slice(0, index + 1), false);
    if (lostReasoning(message, upTo)) {
      // An earlier turn stays as the template has it, for that is the history generation will see; only the reply to learn is restored.
      if (index < last) continue;
      const restored = restoreReasoning(template(before, true), message, upTo);
      const shared = commonPrefix(restored.text, whole).length;
      full = restored.text;
      spans = [...spans.filter(({ end }) => end <= shared), restored.span];
    } else if (whole.startsWith(upTo)) {
      const start = replyStart(before, message, upTo, template);
      if (start >= (spans.at(-1)?.end ?? 0)) spans.push({ start, end: upTo.length });
    }
  }
  return { pieces: cutAt(full, spans), unlabelledTurns: replies - spans.length };
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
  const reasoning = REASONING.exec(message.content)?.[1].trim() ?? "";
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
  const answer = message.content.replace(REASONING, "").trim();
  const at = upTo.lastIndexOf(answer);
  const ending = at === -1 ? "" : upTo.slice(at + answer.length);
  // The prompt may have opened the reasoning already.
  const opened = prompt.trimEnd().endsWith("<think>");
  const reply = opened ? message.content.replace(/^\s*<think>\n?/, "") : message.content.trimStart();
  const text = prompt + reply.trimEnd() + ending;
  return { text, span: { start: prompt.length, end: text.length } };
}

function cutAt(text: string, spans: readonly Span[]): TextPiece[] {
  const pieces: TextPiece[] = [];
  let at = 0;
  for (const { start, end } of spans) {
    pieces.push(
      { text: text.slice(at, start), scored: false },
      { text: text.slice(start, end), scored: true },
    );
    at = end;
  }
  pieces.push({ text: text.slice(at), scored: false });
  return pieces.filter((piece) => piece.text !== "");
}

function commonPrefix(left: string, right: string): string {
  let length = 0;
  while (length < left.length && left[length] === right[length]) length += 1;
  // Half of a surrogate pair is no text.
  if (length > 0 && (left.charCodeAt(length - 1) & 0xfc00) === 0xd800) length -= 1;
  return left.slice(0, length);
}
