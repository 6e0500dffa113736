import { phrase, phraseOfError } from "@lathe/files";
import { RowError } from "../rows/row-error.js";
import type { ChatMessage, Conversation } from "../rows/row.js";
import type { TextPiece } from "./encode-pieces.js";
import { withoutLossKeys } from "./learnt-turns.js";
import {
  opensReasoning,
  promptUnder,
  reasoningLength,
  type ReasoningPolicy,
  replyParts,
  withReasoning,
} from "./reasoning.js";
import type { RowTokenizer } from "./row-tokenizer.js";

/** A dialogue as rendered text, parted where scoring begins and ends. */
export interface ChatPieces {
  readonly pieces: readonly TextPiece[];
  /** Turns of the assistant that stand in the text otherwise than generation would have put them, and so are not scored. */
  readonly unlabelledTurns: number;
}

/** How a conversation is rendered. */
export interface ChatPiecesOptions {
  /** Whether the text ends where the assistant begins to speak; otherwise it ends with the last reply to learn. */
  readonly addGenerationPrompt: boolean;
  /** Whether each turn is learnt; a reply that is not stands in the text unscored. */
  readonly learnt: readonly boolean[];
  readonly reasoning: ReasoningPolicy;
}

/** Where the reply of a turn stands in a rendered dialogue, in UTF-16 units. */
interface Span {
  readonly start: number;
  readonly end: number;
  /** Number of the turn. */
  readonly turn: number;
}

type Range = readonly [start: number, end: number];
type Template = (
  turns: readonly ChatMessage[],
  generate: boolean,
  onGenerated?: (spans: readonly Range[]) => void,
) => string;
type RenderChat = NonNullable<RowTokenizer["renderChat"]>;

/**
 * Renders a conversation and finds the replies in it.
 *
 * The reply of turn i is what the template adds to the generation prompt for the turns before it. A template may however
 * rewrite earlier turns once others follow (Qwen3's drops their reasoning); a reply is found only where the whole rendering
 * begins with the very text up to its end. The last reply of a row to train on is always found, unless it is empty.
 *
 * @param render the chat template of the model
 * @throws RowError when the template refuses the conversation
 */
export function chatPieces(
  { messages: dialogue, tools }: Conversation,
  render: RenderChat,
  { addGenerationPrompt, learnt, reasoning }: ChatPiecesOptions,
): ChatPieces {
  const isReply = ({ role }: ChatMessage): boolean => role === "assistant";
  // What follows the last reply to learn has no bearing on it.
  const last = learnt.includes(true) ? learnt.lastIndexOf(true) : dialogue.findLastIndex(isReply);
  const messages = (addGenerationPrompt ? dialogue : dialogue.slice(0, last + 1)).map((message) =>
    withReasoning(withoutLossKeys(message), reasoning),
  );
  const template: Template = (turns, generate, onGenerated) => {
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
  const wanted = learnt.slice(0, messages.length).filter(Boolean).length;
  const finish = (text: string, spans: readonly Span[]): ChatPieces => {
    const isLearnt = ({ turn }: Span): boolean => learnt[turn];
    const parts = spans.flatMap((span) => partsOf(text, span, isLearnt(span), reasoning));
    const pieces = cutAt(text, parts);
    const found = new Set(spans.filter(isLearnt).map(({ turn }) => turn)).size;
    const unlabelledTurns = Math.max(0, wanted - found);
    if (addGenerationPrompt) return { pieces: endedUnder(pieces, reasoning), unlabelledTurns };
    // The end token that a template lacks is learnt behind all that the template writes after the last reply.
    const closing = pieces.at(-1);
    return { pieces: pieces.map((piece) => ({ ...piece, closes: piece === closing })), unlabelledTurns };
  };

  let generated: readonly Range[] = [];
  const whole = template(messages, addGenerationPrompt, (spans) => {
    generated = spans.filter(([start, end]) => start < end);
  });
  // A template that says itself what the assistant generates is believed.
  if (generated.length > 0) return finish(whole, ownedSpans(generated, messages, template));
  let full = whole;
  const found: { readonly turn: number; readonly before: ChatMessage[]; readonly upTo: string }[] = [];
  let lastSpan: Span | undefined;
  for (const [turn, message] of messages.entries()) {
    if (message.role !== "assistant") continue;
    const before = messages.slice(0, turn);
    const isLast = turn === last && !addGenerationPrompt;
    const upTo = isLast ? whole : template(messages.slice(0, turn + 1), false);
    if (!lostReasoning(message, upTo, isLast && before.length > 0 ? template(before, true) : null)) {
      found.push({ turn, before, upTo });
    } else if (isLast) {
      // An earlier turn stays as the template has it, for that is the history generation will see; only the reply to learn is restored.
      const restored = restoreReasoning(template(before, true), message, upTo);
      full = restored.text;
      lastSpan = { ...restored.span, turn };
    }
  }

  const spans: Span[] = [];
  for (const { turn, before, upTo } of found) {
    if (!full.startsWith(upTo)) continue;
    const start = replyStart(before, messages[turn], upTo, template);
    if (start >= (spans.at(-1)?.end ?? 0)) spans.push({ start, end: upTo.length, turn });
  }
  if (lastSpan !== undefined) spans.push(lastSpan);
  return finish(full, spans);
}

/** Whose turn each stretch is that a template says is generated. */
function ownedSpans(spans: readonly Range[], messages: readonly ChatMessage[], template: Template): Span[] {
  const replies = [...messages.keys()].filter((turn) => messages[turn].role === "assistant");
  if (spans.length === replies.length) {
    return spans.map(([start, end], index) => ({ start, end, turn: replies[index] }));
  }
  // A turn may have none or several: the template says how many there are up to each.
  const upTo = replies.map((turn) => {
    let count = 0;
    template(messages.slice(0, turn + 1), false, (some) => {
      count = some.filter(([start, end]) => start < end).length;
    });
    return count;
  });
  return spans.map(([start, end], index) => {
    const owner = upTo.findIndex((count) => index < count);
    return { start, end, turn: replies.at(owner)! };
  });
}

/** A stretch of a reply and whether it is scored. */
interface Part {
  readonly start: number;
  readonly end: number;
  readonly scored: boolean;
}

/** A reply in one part, or parted behind its reasoning where a policy treats the two in different ways. */
function partsOf(text: string, { start, end }: Span, scored: boolean, reasoning: ReasoningPolicy): Part[] {
  if (reasoning !== "mask" && reasoning !== "empty") return [{ start, end, scored }];
  const thought = reasoningLength(text.slice(start, end), opensReasoning(text.slice(0, start)));
  return [
    { start, end: start + thought, scored: scored && reasoning === "empty" },
    { start: start + thought, end, scored },
  ].filter((part) => part.end > part.start);
}

/** A prompt with the end that a policy gives it; what it writes is encoded on its own, as in the rows that are learnt. */
function endedUnder(pieces: readonly TextPiece[], reasoning: ReasoningPolicy): TextPiece[] {
  const last = pieces.at(-1);
  if (last === undefined || last.reply) return [...pieces];
  const [prompt, block] = promptUnder(last.text, reasoning);
  return [...pieces.slice(0, -1), given(prompt), given(block)].filter(({ text }) => text !== "");
}

/** Index in `upTo` at which the reply of the assistant begins. */
function replyStart(
  before: readonly ChatMessage[],
  message: ChatMessage,
  upTo: string,
  template: Template,
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

/**
 * Whether the template left out the reasoning of a reply, as those of DeepSeek-R1's distills do.
 * @param prompt of the reply, where an empty block counts as well
 */
function lostReasoning(message: ChatMessage, upTo: string, prompt: string | null): boolean {
  const { reasoning } = replyParts(message);
  if (reasoning === null) return false;
  if (reasoning !== "") return !upTo.includes(reasoning);
  return prompt !== null && !upTo.slice(commonPrefix(prompt, upTo).length).includes("</think>");
}

/**
 * The text of a dialogue whose last reply keeps the reasoning that the template would drop: the generation
 * prompt, then the reply as generation writes it, then what the template puts after a reply.
 */
function restoreReasoning(
  prompt: string,
  message: ChatMessage,
  upTo: string,
): { readonly text: string; readonly span: Omit<Span, "turn"> } {
  const { reasoning, answer } = replyParts(message);
  const said = answer.trim();
  const at = upTo.lastIndexOf(said);
  const ending = at === -1 ? "" : upTo.slice(at + said.length);
  const content = message.content ?? "";
  const written = content.includes("</think>") ? content : `<think>\n${reasoning}\n</think>\n\n${answer}`;
  // The prompt may have opened the reasoning already.
  const opened = opensReasoning(prompt);
  const reply = opened ? written.replace(/^\s*<think>\n?/, "") : written.trimStart();
  const text = prompt + reply.trimEnd() + ending;
  return { text, span: { start: prompt.length, end: text.length } };
}

const given = (text: string): TextPiece => ({ text, reply: false, scored: false, closes: false });

function cutAt(text: string, parts: readonly Part[]): TextPiece[] {
  const pieces: TextPiece[] = [];
  let at = 0;
  for (const { start, end, scored } of parts) {
    pieces.push(given(text.slice(at, start)), {
      text: text.slice(start, end),
      reply: true,
      scored,
      closes: false,
    });
    at = end;
  }
  pieces.push(given(text.slice(at)));
  return pieces.filter((piece) => piece.text !== "");
}

function commonPrefix(left: string, right: string): string {
  let length = 0;
  while (length < left.length && left[length] === right[length]) length += 1;
  // Half of a surrogate pair is no text.
  if (length > 0 && (left.charCodeAt(length - 1) & 0xfc00) === 0xd800) length -= 1;
  return left.slice(0, length);
}
