import type { ChatMessage, Tokenizer } from "@lathe/model";

/** The fixed texts of a chat template that writes each message between two of them. */
export interface ChatPieces {
  /** Before everything. */
  readonly start: string;
  /** After `start` where no system message is given. */
  readonly withoutSystem: string;
  /** Before and after the content of a message, by role. */
  readonly around: Readonly<
    Record<"system" | "user" | "assistant", readonly [before: string, after: string]>
  >;
  /** Where the assistant begins to speak. */
  readonly prompt: string;
}

/** Marks that stand for contents; no template writes them. */
const marks = {
  system: "\u241fS\u241f",
  user: "\u241fU\u241f",
  assistant: "\u241fA\u241f",
  second: "\u241fV\u241f",
};

/** Dialogues on which the pieces are held to the template. */
const probes: readonly (readonly ChatMessage[])[] = [
  [{ role: "user", content: "Hi" }],
  [{ role: "user", content: " 你好 \n" }],
  [
    { role: "system", content: "Be brief." },
    { role: "user", content: "Hi" },
  ],
  [
    { role: "user", content: "1" },
    { role: "assistant", content: "2" },
    { role: "user", content: "3" },
  ],
  [
    { role: "system", content: "S" },
    { role: "user", content: "1" },
    { role: "assistant", content: "2" },
    { role: "user", content: "3" },
    { role: "assistant", content: "4" },
    { role: "user", content: "5" },
  ],
];

/** What the pieces make of a dialogue. */
export function fromPieces(pieces: ChatPieces, messages: readonly ChatMessage[]): string {
  const { start, withoutSystem, around, prompt } = pieces;
  const written = messages.map(({ role, content }) => {
    const [before, after] = around[role as keyof typeof around];
    return `${before}${content ?? ""}${after}`;
  });
  const head = messages[0]?.role === "system" ? start : start + withoutSystem;
  return `${head}${written.join("")}${prompt}`;
}

/** The text that two begin with. */
function sharedStart(one: string, other: string): string {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length++;
  return one.slice(0, length);
}

/**
 * The pieces of a model's chat template, found by rendering marks and held to it on dialogues of several turns.
 * @returns null where the template does more than write messages between fixed texts
 */
export function chatPieces({ renderChat }: Tokenizer): ChatPieces | null {
  if (!renderChat) return null;
  const render = (messages: readonly ChatMessage[], addGenerationPrompt: boolean): string =>
    renderChat(messages, { addGenerationPrompt });
  try {
    const user = { role: "user", content: marks.user };
    const dialogue = [
      user,
      { role: "assistant", content: marks.assistant },
      { role: "user", content: marks.second },
    ];
    const whole = render(dialogue, true);
    const closed = render(dialogue, false);
    const prompt = whole.slice(closed.length);
    const [opening, betweenUser, rest] = splitAt(whole, marks.user, marks.assistant);
    const [betweenAssistant, tail] = splitAt(rest, marks.second);
    const afterUser = closed.slice(closed.indexOf(marks.second) + marks.second.length);
    const system = render([{ role: "system", content: marks.system }, user], true);
    const [beforeSystem, toUser] = splitAt(system, marks.system, marks.user);
    // What stands between two messages belongs to the end of one and the start of the next: the longest end that both turns share.
    const beforeUser = commonEnd(opening, commonEnd(betweenAssistant, toUser));
    const start = sharedStart(opening.slice(0, opening.length - beforeUser.length), beforeSystem);
    const pieces: ChatPieces = {
      start,
      withoutSystem: opening.slice(start.length, opening.length - beforeUser.length),
      around: {
        system: [beforeSystem.slice(start.length), toUser.slice(0, toUser.length - beforeUser.length)],
        user: [beforeUser, afterUser],
        assistant: [
          betweenUser.slice(afterUser.length),
          betweenAssistant.slice(0, betweenAssistant.length - beforeUser.length),
        ],
      },
      prompt,
    };
    const fits =
      closed + prompt === whole && tail === afterUser + prompt && betweenUser.startsWith(afterUser);
    return fits && probes.every((probe) => fromPieces(pieces, probe) === render(probe, true)) ? pieces : null;
  } catch {
    // A template that refuses a dialogue, such as one with a system message, is none of these.
    return null;
  }
}

function commonEnd(one: string, other: string): string {
  let length = 0;
  while (length < one.length && one.at(-1 - length) === other.at(-1 - length)) length++;
  return one.slice(one.length - length);
}

/** The texts before, between and after marks, each of which has to be there. */
function splitAt(text: string, ...wanted: readonly string[]): string[] {
  const parts: string[] = [];
  let rest = text;
  for (const mark of wanted) {
    const at = rest.indexOf(mark);
    if (at < 0) throw new RangeError("expected every content in the text");
    parts.push(rest.slice(0, at));
    rest = rest.slice(at + mark.length);
  }
  return [...parts, rest];
}
