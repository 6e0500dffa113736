import { isRecord, phrase } from "@lathe/files";
import type { RowPlace } from "../read/row-place.js";
import { RowError } from "./row-error.js";
import type { ChatRole } from "./row.js";
import { typeName } from "./type-name.js";
import { writtenText } from "./written-text.js";

type Source = Readonly<Record<string, unknown>>;

/** Names that speakers have in the files of other programs, in small letters. */
const ROLE_NAMES: Readonly<Record<ChatRole, readonly string[]>> = {
  system: ["system", "developer", "系统"],
  user: ["user", "human", "prompter", "customer", "client", "question", "用户", "客户", "顾客", "买家"],
  assistant: [
    "assistant",
    "gpt",
    "chatgpt",
    "bot",
    "model",
    "ai",
    "agent",
    "bard",
    "bing",
    "answer",
    "助手",
    "客服",
    "机器人",
    "商家",
    "卖家",
  ],
  tool: ["tool", "function", "observation", "function_response", "tool_response", "ipython"],
};
/** Turns of ShareGPT's files in which the assistant calls a tool: the text is the call. */
const CALLS = ["function_call", "tool_call"];
const CONVERSATIONS = ["conversations", "conversation", "dialog"];
const QUESTIONS = [
  "question",
  "query",
  "prompt",
  "instruction",
  "input",
  "problem",
  "问题",
  "提问",
  "问",
  "用户",
  "客户",
];
const ANSWERS = [
  "answer",
  "response",
  "reply",
  "output",
  "completion",
  "solution",
  "golden",
  "回答",
  "答案",
  "回复",
  "答",
  "客服",
];

/**
 * A row of another program's shape in one of the shapes of {@link parseRow}; any other as it is.
 *
 * - `{"conversations":[{"from","value"}]}` (ShareGPT) and a bare list of turns become `messages`, a `system` text their first turn.
 * - `{"conversation":[{"human","assistant"}]}` (Firefly) likewise, two turns of each.
 * - `{"instruction","output","history":[[question, answer], …]}` (Alpaca) becomes `messages` where there is a history.
 * - A question and an answer under other names, such as `question` and `answer`, `query` and `response`, or 问题 and 回答, become
 *   `input` and `output`.
 *
 * @throws RowError for a history that is no list of pairs
 */
export function inKnownShape(value: unknown, place?: RowPlace): unknown {
  if (Array.isArray(value)) return value.length > 0 && value.every(isTurn) ? { messages: value } : value;
  if (!isRecord(value)) return value;
  const has = (key: string): boolean => Object.hasOwn(value, key) && value[key] != null;
  if (["input_ids", "prompt_ids", "chosen", "rejected"].some(has)) return value;
  const conversation = CONVERSATIONS.find(
    (key) =>
      Array.isArray(value[key]) && [isTurn, isExchange].some((is) => (value[key] as unknown[]).every(is)),
  );
  if (!has("messages") && conversation !== undefined) {
    const { [conversation]: turns, ...rest } = value;
    return withSystem({ ...rest, messages: (turns as unknown[]).flatMap(turnsOf) });
  }
  if (has("messages")) return withSystem(value);
  if ((has("instruction") || has("input")) && has("output")) return withHistory(value, place);
  if ((has("prompt") && has("completion")) || has("text")) return value;
  const question = keyOf(value, QUESTIONS);
  const answer = keyOf(value, ANSWERS);
  if (question === undefined || answer === undefined) return value;
  const { [question]: _input, [answer]: _output, ...rest } = value;
  const [input, output] = [question, answer].map((key) => writtenText(value, key));
  return withHistory({ ...rest, input, output }, place);
}

/**
 * A turn with `role` and `content`, whatever its program calls them: `from` and `value`, other names of speakers, content in parts of
 * text.
 *
 * @throws RowError for a part of another kind than text
 */
export function inKnownTurn(source: Source, key: string, place?: RowPlace): Source {
  const { from, value, ...rest } = source;
  const isShareGpt = source.role === undefined && typeof from === "string";
  const turn: Source = isShareGpt
    ? { ...rest, role: from, ...(source.content === undefined ? { content: value } : {}) }
    : source;
  const name = typeof turn.role === "string" ? turn.role.trim().toLowerCase() : "";
  if (CALLS.includes(name) && typeof turn.content === "string" && turn.tool_calls === undefined) {
    return { ...turn, role: "assistant", content: null, tool_calls: callsOf(turn.content) };
  }
  const role = (Object.keys(ROLE_NAMES) as ChatRole[]).find((known) => ROLE_NAMES[known].includes(name));
  const content =
    Array.isArray(turn.content) && turn.content.length > 0
      ? textOfParts(turn.content, key, place)
      : turn.content;
  return { ...turn, ...(role === undefined ? {} : { role }), ...(content === undefined ? {} : { content }) };
}

function isTurn(value: unknown): boolean {
  return isRecord(value) && (typeof value.role === "string" || typeof value.from === "string");
}

/** A question and its answer in one, as Firefly's dialogues have them. */
function isExchange(value: unknown): value is { readonly human: string; readonly assistant: string } {
  return isRecord(value) && typeof value.human === "string" && typeof value.assistant === "string";
}

function turnsOf(value: unknown): unknown[] {
  if (!isExchange(value)) return [value];
  return [
    { role: "user", content: value.human },
    { role: "assistant", content: value.assistant },
  ];
}

/** A `system` text beside the turns becomes the first of them, unless there is one. */
function withSystem(row: Source): Source {
  const { system, ...rest } = row;
  if (typeof system !== "string" || system.trim() === "" || !Array.isArray(row.messages)) return row;
  const turns: unknown[] = row.messages;
  const begins = isRecord(turns[0]) && (turns[0].role === "system" || turns[0].from === "system");
  return begins ? row : { ...rest, messages: [{ role: "system", content: system }, ...turns] };
}

function withHistory(row: Source, place: RowPlace | undefined): Source {
  if (row.history == null || (Array.isArray(row.history) && row.history.length === 0)) return row;
  const { history, instruction, input, output, ...rest } = row;
  const isPair = (pair: unknown): pair is [string, string] =>
    Array.isArray(pair) && pair.length === 2 && pair.every((text) => typeof text === "string");
  if (!Array.isArray(history) || !history.every(isPair)) {
    throw new RowError(
      "history",
      phrase`expected a list of questions and answers, got ${typeName(history)}`,
      place,
    );
  }
  const asked = [instruction, input].filter((text) => typeof text === "string" && text !== "").join("\n");
  return withSystem({
    ...rest,
    messages: [
      ...history.flatMap(([question, answer]) => [
        { role: "user", content: question },
        { role: "assistant", content: answer },
      ]),
      { role: "user", content: asked },
      { role: "assistant", content: output },
    ],
  });
}

/** The key of a row that has one of the names, in the order of the names and whatever the case, and a text. */
function keyOf(row: Source, names: readonly string[]): string | undefined {
  const keys = Object.keys(row);
  for (const name of names) {
    const key = keys.find((candidate) => candidate.trim().toLowerCase() === name);
    if (key !== undefined && writtenText(row, key) !== undefined) return key;
  }
  return undefined;
}

/** `{"name","arguments"}` as a list of calls; what is none is left to whoever checks calls. */
function callsOf(text: string): unknown {
  const trimmed = text.trim();
  return trimmed.startsWith("{") ? `[{"type":"function","function":${trimmed}}]` : trimmed;
}

function textOfParts(parts: readonly unknown[], key: string, place: RowPlace | undefined): string {
  return parts
    .map((part, index) => {
      if (typeof part === "string") return part;
      if (isRecord(part) && (part.type ?? "text") === "text" && typeof part.text === "string")
        return part.text;
      const got =
        isRecord(part) && typeof part.type === "string" ? JSON.stringify(part.type) : typeName(part);
      throw new RowError(`${key}.content[${index}]`, phrase`expected a part of text, got ${got}`, place);
    })
    .join("");
}
