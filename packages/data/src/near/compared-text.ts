import { conversationOf } from "../rows/conversation-of.js";
import type { Row } from "../rows/row.js";

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
    default:
      return "";
  }
}

/** What the model is asked in a row: the user's turns, a line each; empty for running text and tokens. */
export function askedText(row: Row): string {
  const conversation = conversationOf(row);
  if (conversation !== null) {
    return conversation.messages
      .flatMap(({ role, content }) => (role === "user" ? [content ?? ""] : []))
      .join("\n");
  }
  return row.kind === "completion" ? row.prompt : "";
}
