import { isDeepStrictEqual } from "node:util";
import type { RowPlace } from "../read/row-place.js";
import { RowError } from "../rows/row-error.js";

/**
 * A row whose sides are whole conversations, with what both begin with as its prompt; any other as it is.
 * @throws RowError where they begin otherwise, or one of them has no more
 */
export function withSharedPrompt(value: unknown, place: RowPlace | undefined): unknown {
  const { prompt, chosen, rejected } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (prompt != null || !Array.isArray(chosen) || !Array.isArray(rejected)) return value;
  const [one, other]: unknown[][] = [chosen, rejected];
  const differs = one.findIndex((message, index) => !isDeepStrictEqual(message, other[index]));
  // Sides that are the same throughout have one completion in common, which is told later.
  const shared = differs >= 0 ? differs : one.length - 1;
  if (shared < 1) {
    throw new RowError(
      "prompt",
      "missing; expected it, or chosen and rejected that begin with the same messages",
      place,
    );
  }
  const silent = Object.entries({ chosen: one, rejected: other }).find(([, side]) => side.length <= shared);
  if (silent) {
    throw new RowError(
      silent[0],
      "expected a message after those that both sides begin with, got none",
      place,
    );
  }
  return {
    ...(value as object),
    prompt: one.slice(0, shared),
    chosen: one.slice(shared),
    rejected: other.slice(shared),
  };
}
