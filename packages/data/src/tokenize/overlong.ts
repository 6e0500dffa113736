import { UNSCORED, type ChatMessage } from "../rows/row.js";

/**
 * What becomes of a row of more tokens than the limit:
 *
 * - `cut-right`: its end is cut off, and with it the end token: a reply that is cut short must not teach to stop in mid-sentence.
 * - `cut-left`: its beginning is cut off, behind the begin token if it has one.
 * - `cut-middle`: its middle is cut out, so that what opens it and the end of the reply stay.
 * - `split-turns`: a dialogue becomes several rows of whole exchanges, each with the system message; one exchange that is too long by
 *   itself, and any row that is no dialogue, is cut on the left.
 * - `drop`: the row is set aside.
 * - `error`: nothing is written.
 */
export const OVERLONG_POLICIES = [
  "cut-right",
  "cut-left",
  "cut-middle",
  "split-turns",
  "drop",
  "error",
] as const;

/** One of {@link OVERLONG_POLICIES}. */
export type OverlongPolicy = (typeof OVERLONG_POLICIES)[number];

/** A policy that makes one shorter row of a row. */
export type CutPolicy = Extract<OverlongPolicy, `cut-${string}`>;

/** A row as its model reads it: as many labels as ids. */
export interface IdsAndLabels {
  readonly inputIds: readonly number[];
  readonly labels: readonly number[];
}

/** Ids and labels cut to a length. What follows a gap has lost what came before it: its first token is not scored. */
export function cutIds(
  { inputIds, labels }: IdsAndLabels,
  length: number,
  policy: CutPolicy,
  begin: number | null,
): IdsAndLabels {
  if (inputIds.length <= length) return { inputIds, labels };
  if (policy === "cut-right") return { inputIds: inputIds.slice(0, length), labels: labels.slice(0, length) };
  const kept = policy === "cut-middle" ? length >> 1 : inputIds[0] === begin ? 1 : 0;
  const tail = inputIds.length - (length - kept);
  return {
    inputIds: [...inputIds.slice(0, kept), ...inputIds.slice(tail)],
    labels: [...labels.slice(0, kept), UNSCORED, ...labels.slice(tail + 1)],
  };
}

/**
 * A dialogue in parts that fit: as many exchanges each as do, from a question to the turn before the next one, after what the
 * dialogue begins with. A part of one exchange may still be too long.
 */
export function splitTurns(
  messages: readonly ChatMessage[],
  fits: (messages: readonly ChatMessage[]) => boolean,
): ChatMessage[][] {
  const isSystem = ({ role }: ChatMessage): boolean => role === "system";
  const opening = messages.slice(
    0,
    Math.max(
      0,
      messages.findIndex((message) => !isSystem(message)),
    ),
  );
  const exchanges: ChatMessage[][] = [];
  for (const message of messages.slice(opening.length)) {
    const current = exchanges.at(-1);
    const isNext = message.role === "user" && current?.some(({ role }) => role === "assistant") === true;
    if (current === undefined || isNext) exchanges.push([message]);
    else current.push(message);
  }
  const parts: ChatMessage[][] = [];
  let part: ChatMessage[] | null = null;
  for (const exchange of exchanges) {
    const longer: ChatMessage[] = [...(part ?? opening), ...exchange];
    if (part === null || fits(longer)) part = longer;
    else {
      parts.push(part);
      part = [...opening, ...exchange];
    }
  }
  return part === null ? parts : [...parts, part];
}
