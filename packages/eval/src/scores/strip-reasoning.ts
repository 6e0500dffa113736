const OPEN = "<think>";
const CLOSE = "</think>";

/**
 * A reply without what an R1 model thought before it: everything up to the last `</think>`, also where the template has
 * written `<think>` already. A block that never ends leaves nothing: the model ran out of tokens before it answered.
 */
export function stripReasoning(reply: string): string {
  const end = reply.lastIndexOf(CLOSE);
  if (end !== -1) return reply.slice(end + CLOSE.length).trimStart();
  const start = reply.indexOf(OPEN);
  return start === -1 ? reply : reply.slice(0, start);
}

/** Whether a reply has a block of reasoning, ended or not. */
export const hasReasoning = (reply: string): boolean => reply.includes(CLOSE) || reply.includes(OPEN);
