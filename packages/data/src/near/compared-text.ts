import { conversationOf } from "../rows/conversation-of.js";
import { digest128 } from "../rows/digest-index.js";
import type { ChatRole, PreferenceSide, Row } from "../rows/row.js";

/**
 * The text by which rows are compared for near copies: all that is said, a line a turn. Rows of the same words in another shape
 * compare as equal. Rows of tokens have no characters and are no copies.
 */
export function comparedText(row: Row): string {
  const conversation = conversationOf(row);
  if (conversation !== null) {
    const { messages } = conversation;
    return messages
      .flatMap(({ content, tool_calls: calls }) => [
        content ?? "",
        calls == null ? "" : JSON.stringify(calls),
      ])
      .filter((text) => text !== "")
      .join("\n");
  }
  switch (row.kind) {
    case "completion":
      return `${row.prompt}\n${row.completion}`;
    case "text":
      return row.text;
    case "preference":
      return [row.prompt, ...Object.values(row.completions)].map((side) => textOf(side)).join("\n");
    default:
      return "";
  }
}

/**
 * What rows must share besides their text to be near copies: rows that differ in their tools teach different things. A whole
 * number of 32 bits, 0 for a row without tools.
 */
export function comparedKind(row: Row): number {
  return "tools" in row && row.tools !== undefined ? digest128(JSON.stringify(row.tools))[0] : 0;
}

/** What the model is asked in a row: the user's turns, a line each; empty for running text and tokens. */
export function askedText(row: Row): string {
  const conversation = conversationOf(row);
  if (conversation !== null) {
    return conversation.messages
      .flatMap(({ role, content }) => (role === "user" ? [content ?? ""] : []))
      .join("\n");
  }
  if (row.kind === "preference") return textOf(row.prompt, "user");
  return row.kind === "completion" ? row.prompt : "";
}

/** What a side says, a line a turn. @param speaker whose turns; all unless given */
function textOf(side: PreferenceSide, speaker?: ChatRole): string {
  if (typeof side === "string") return side;
  return side
    .filter(({ role }) => speaker === undefined || role === speaker)
    .map(({ content }) => content ?? "")
    .join("\n");
}
