import { digest128 } from "./digest-index.js";
import type { Row } from "./row.js";

/** Digest of what a row teaches: its kind and texts or tokens, without the kept fields. Equal rows have equal digests. */
export function rowDigest(row: Row): Uint32Array {
  switch (row.kind) {
    case "pair":
      return digest128(row.kind, row.system ?? "", row.input, row.output);
    case "completion":
      return digest128(row.kind, row.prompt, row.completion);
    case "messages":
      return digest128(
        row.kind,
        ...row.messages.flatMap(({ role, content, reasoning_content, tool_calls }) => [
          role,
          content,
          JSON.stringify([reasoning_content, tool_calls]),
        ]),
      );
    case "text":
      return digest128(row.kind, row.text);
    case "tokens":
      return digest128(row.kind, row.inputIds.join(","), row.labels.join(","));
  }
}
