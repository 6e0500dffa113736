import { asPhrase, InputError, isRecord, type Phrase, phrase } from "@lathe/files";
import type { ChatRequest, Side, Turn } from "../runs-api.js";

/** A request of a chat that is none. */
export class ChatRequestError extends InputError {
  override readonly name = "ChatRequestError";

  constructor(
    readonly field: string,
    expected: string | Phrase,
  ) {
    super(phrase`${field}: expected ${asPhrase(expected)}`);
  }
}

const MOST_TURNS = 200;
const MOST_TOKENS = 4096;
const MOST_TEMPERATURE = 2;

/** What was sent, if it is a request. @throws ChatRequestError naming the field */
export function checkChat(value: unknown): ChatRequest {
  if (!isRecord(value)) throw new ChatRequestError("body", "an object");
  const { run, sides, maxNewTokens, temperature } = value;
  if (typeof run !== "string") throw new ChatRequestError("run", "the id of a run");
  if (!Array.isArray(sides) || sides.length < 1 || sides.length > 2) {
    throw new ChatRequestError("sides", "one side or two");
  }
  if (!Number.isInteger(maxNewTokens) || !isWithin(maxNewTokens, 1, MOST_TOKENS)) {
    throw new ChatRequestError("maxNewTokens", phrase`a whole number from ${1} to ${MOST_TOKENS}`);
  }
  if (!isWithin(temperature, 0, MOST_TEMPERATURE)) {
    throw new ChatRequestError("temperature", phrase`a number from 0 to ${MOST_TEMPERATURE}`);
  }
  return { run, sides: sides.map(checkSide), maxNewTokens, temperature };
}

function isWithin(value: unknown, least: number, most: number): value is number {
  return typeof value === "number" && value >= least && value <= most;
}

function checkSide(value: unknown): { readonly side: Side; readonly messages: readonly Turn[] } {
  const { side, messages } = isRecord(value) ? value : {};
  if (side !== "base" && side !== "tuned") throw new ChatRequestError("side", "base or tuned");
  if (!Array.isArray(messages) || messages.length < 1 || messages.length > MOST_TURNS) {
    throw new ChatRequestError("messages", phrase`1 to ${MOST_TURNS} turns`);
  }
  const turns = messages.map(checkTurn);
  if (turns.at(-1)!.role !== "user") throw new ChatRequestError("messages", "a turn of the user at the end");
  return { side, messages: turns };
}

function checkTurn(value: unknown): Turn {
  const { role, content } = isRecord(value) ? value : {};
  if (role !== "system" && role !== "user" && role !== "assistant") {
    throw new ChatRequestError("role", "system, user or assistant");
  }
  if (typeof content !== "string") throw new ChatRequestError("content", "a text");
  return { role, content };
}
