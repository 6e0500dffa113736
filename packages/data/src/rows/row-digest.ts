import { digest128 } from "./digest-index.js";
import type { ChatMessage, Row, Tools } from "./row.js";

/** Digest of what a row teaches: its kind, texts or tokens and tools, without the kept fields. Equal rows have equal digests. */
export function rowDigest(row: Row): Uint32Array {
  switch (row.kind) {
    case "pair":
      return digest128(row.kind, row.system ?? "", row.input, row.output, ...toolParts(row.tools));
    case "completion":
      return digest128(row.kind, row.prompt, row.completion);
    case "messages":
      return digest128(row.kind, ...row.messages.flatMap(messageParts), ...toolParts(row.tools));
    case "text":
      return digest128(row.kind, row.text);
    case "preference":
      return digest128(
        row.kind,
        ...[row.prompt, ...Object.values(row.completions)].flatMap((side) => [
          "side",
          ...(typeof side === "string" ? [side] : side.flatMap(messageParts)),
        ]),
        ...toolParts(row.tools),
      );
    case "preference-tokens":
      return digest128(row.kind, ...Object.entries(row.ids).flatMap(([key, ids]) => [key, ids.join(",")]));
    case "tokens":
      return digest128(row.kind, row.inputIds.join(","), row.labels.join(","));
  }
}

/** What a template may show of a turn. */
function messageParts({ role, content, reasoning_content, tool_calls, ...further }: ChatMessage): string[] {
  const { name, function_call, train, weight } = further;
  const isUnlearnt = train === false || weight === 0;
  const besides =
    content === null || name != null || function_call != null || isUnlearnt
      ? [content === null, name, function_call, ...(isUnlearnt ? [false] : [])]
      : [];
  return [role, content ?? "", JSON.stringify([reasoning_content, tool_calls, ...besides])];
}

function toolParts(tools: Tools | undefined): string[] {
  return tools === undefined ? [] : ["tools", JSON.stringify(tools)];
}
