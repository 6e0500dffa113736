import type { Conversation, Row } from "./row.js";

/** The conversation that a pair or a dialogue is; null for rows of raw text or tokens. */
export function conversationOf(row: Row): Conversation | null {
  if (row.kind === "messages") return row;
  if (row.kind !== "pair") return null;
  return {
    messages: [
      ...(row.system === undefined ? [] : [{ role: "system", content: row.system } as const]),
      { role: "user", content: row.input },
      { role: "assistant", content: row.output },
    ],
    ...(row.tools === undefined ? {} : { tools: row.tools }),
  };
}
