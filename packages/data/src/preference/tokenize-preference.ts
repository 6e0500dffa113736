import { phrase } from "@lathe/files";
import { checkInteger } from "../option-error.js";
import { parseRow, readIntegers } from "../rows/parse-row.js";
import { RowError } from "../rows/row-error.js";
import type { RowPlace } from "../read/row-place.js";
import { UNSCORED, type ChatMessage } from "../rows/row.js";
import { typeName } from "../rows/type-name.js";
import { withSharedPrompt } from "./shared-prompt.js";
import { encodeConversation } from "../tokenize/encode-conversation.js";
import type { RowTokenizer } from "../tokenize/row-tokenizer.js";
import { tokenizeRow } from "../tokenize/tokenize-row.js";

/** How preference rows are tokenised. */
export interface TokenizePreferenceOptions {
  /** Most tokens of a prompt with a completion, at least 2. A longer prompt loses its beginning. */
  readonly maxTokens: number;
  /** Where the row came from; it begins the message of an error. */
  readonly place?: RowPlace;
}

/** A prompt with a chosen and a rejected completion, as token ids. */
export interface TokenizedPair {
  readonly promptIds: Int32Array;
  readonly chosenIds: Int32Array;
  readonly rejectedIds: Int32Array;
  /** Whether something was cut off. */
  readonly truncated: boolean;
}

/** A prompt with one completion and whether it is desirable, as token ids. */
export interface TokenizedJudgement {
  readonly promptIds: Int32Array;
  readonly completionIds: Int32Array;
  readonly label: boolean;
  /** Whether something was cut off. */
  readonly truncated: boolean;
}

/** A prompt and its continuations. */
interface Branches {
  readonly prompt: Int32Array;
  readonly completions: readonly Int32Array[];
  readonly truncated: boolean;
}

/**
 * Reads and tokenises `{"prompt","chosen","rejected"}`, texts or lists of messages, or `{"prompt_ids","chosen_ids","rejected_ids"}`.
 * Without `prompt`, the messages that `chosen` and `rejected` both begin with are the prompt, as in TRL's data sets.
 * @param tokenizer may be null for rows of ids
 * @throws RowError on a side that is missing, empty or no different from the other
 */
export function tokenizePair(
  value: unknown,
  tokenizer: RowTokenizer | null,
  options: TokenizePreferenceOptions,
): TokenizedPair {
  const source = withSharedPrompt(value, options.place);
  const { prompt, completions, truncated } = branchesOf(source, ["chosen", "rejected"], tokenizer, options);
  const [chosenIds, rejectedIds] = completions;
  if (chosenIds.join() === rejectedIds.join()) {
    throw new RowError("rejected", "expected another completion than chosen, got the same", options.place);
  }
  return { promptIds: prompt, chosenIds, rejectedIds, truncated };
}

/**
 * Reads and tokenises `{"prompt","completion","label"}`, texts or lists of messages, or `{"prompt_ids","completion_ids","label"}`.
 * @param tokenizer may be null for rows of ids
 * @throws RowError on a side that is missing or empty, or a label that is neither true nor false
 */
export function tokenizeJudgement(
  value: unknown,
  tokenizer: RowTokenizer | null,
  options: TokenizePreferenceOptions,
): TokenizedJudgement {
  const { prompt, completions, truncated } = branchesOf(value, ["completion"], tokenizer, options);
  const { label } = value as { readonly label?: unknown };
  if (typeof label !== "boolean") {
    throw new RowError("label", phrase`expected true or false, got ${typeName(label)}`, options.place);
  }
  return { promptIds: prompt, completionIds: completions[0], label, truncated };
}

function branchesOf(
  value: unknown,
  sides: readonly string[],
  tokenizer: RowTokenizer | null,
  { maxTokens, place }: TokenizePreferenceOptions,
): Branches {
  checkInteger("maxTokens", maxTokens, 2);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new RowError(null, phrase`expected an object, got ${typeName(value)}`, place);
  }
  const source = value as Record<string, unknown>;
  const isIds = source["prompt_ids"] != null;
  const keys = ["prompt", ...sides].map((key) => (isIds ? `${key}_ids` : key));
  const missing = keys.find((key) => source[key] == null);
  if (missing !== undefined) throw new RowError(missing, phrase`missing; expected ${keys.join(", ")}`, place);
  if (isIds) {
    const [prompt, ...completions] = keys.map((key) => Int32Array.from(readIntegers(source, key, 0, place)));
    return cut(prompt, completions, keys, maxTokens, place);
  }
  if (tokenizer === null) {
    throw new RowError(
      null,
      phrase`a row of texts needs a tokenizer, and the model has none; give ${keys.map((key) => `${key}_ids`).join(", ")}`,
      place,
    );
  }
  const parts = sides.map((side) => completionOf(source, side, tokenizer, place));
  const [{ prompt }] = parts;
  if (parts.some((part) => part.prompt.join() !== prompt.join())) {
    throw new RowError(
      "prompt",
      "expected the same tokens before both completions; the chat template writes the prompt in two ways",
      place,
    );
  }
  return cut(
    Int32Array.from(prompt),
    parts.map(({ completion }) => Int32Array.from(completion)),
    keys,
    maxTokens,
    place,
  );
}

/** Keeps completions as long as the limit allows, then as much of the prompt's end as fits. */
function cut(
  prompt: Int32Array,
  completions: readonly Int32Array[],
  keys: readonly string[],
  maxTokens: number,
  place: RowPlace | undefined,
): Branches {
  const empty = [prompt, ...completions].findIndex(({ length }) => length === 0);
  if (empty >= 0) throw new RowError(keys[empty], "expected at least one token, got none", place);
  const kept = completions.map((ids) => ids.subarray(0, maxTokens - 1));
  const room = maxTokens - Math.max(...kept.map(({ length }) => length));
  const start = Math.max(0, prompt.length - room);
  const truncated = start > 0 || kept.some(({ length }, side) => length < completions[side].length);
  return { prompt: prompt.subarray(start), completions: kept, truncated };
}

/** Ids of the prompt and of one completion after it, end token included. */
function completionOf(
  source: Record<string, unknown>,
  side: string,
  tokenizer: RowTokenizer,
  place: RowPlace | undefined,
): { readonly prompt: readonly number[]; readonly completion: readonly number[] } {
  const { prompt, tools } = source;
  const completion = source[side];
  const isChat = Array.isArray(prompt) && Array.isArray(completion);
  if (!isChat && (typeof prompt !== "string" || typeof completion !== "string")) {
    throw new RowError(
      typeof prompt === "string" || Array.isArray(prompt) ? side : "prompt",
      phrase`expected texts, or lists of messages, on all sides, got ${typeName(prompt)} and ${typeName(completion)}`,
      place,
    );
  }
  const row = isChat
    ? parseRow(
        {
          messages: [...(prompt as unknown[]), ...(completion as unknown[])],
          ...(tools == null ? {} : { tools }),
        },
        place,
      )
    : parseRow({ prompt, completion }, place);
  const { inputIds, labels } = tokenizeRow(row, tokenizer);
  const end = labels.findLastIndex((label) => label !== UNSCORED) + 1;
  let start = labels.findIndex((label) => label !== UNSCORED);
  if (row.kind === "messages") {
    const messages: readonly ChatMessage[] = row.messages.slice(0, (prompt as unknown[]).length);
    const given = encodeConversation({ ...row, messages }, tokenizer, { addGenerationPrompt: true }).inputIds;
    const isPrefix = given.every((id, index) => inputIds[index] === id);
    // Where the template writes the turn otherwise once it is answered, the last reply is what is compared.
    start = isPrefix
      ? given.length
      : labels.subarray(0, end).findLastIndex((label) => label === UNSCORED) + 1;
  }
  return { prompt: [...inputIds.subarray(0, start)], completion: [...inputIds.subarray(start, end)] };
}
