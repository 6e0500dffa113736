import { isRecord } from "@lathe/files";
/** Who speaks in a dialogue. */
export type ChatRole = "system" | "user" | "assistant" | "tool";

/** One turn of a dialogue. Further keys (`reasoning_content`, `tool_calls`, annotations) are kept and reach the chat template. */
export interface ChatMessage {
  readonly role: ChatRole;
  /** What is said; null in a turn of the assistant that says nothing, such as one that only calls tools. */
  readonly content: string | null;
  readonly [key: string]: unknown;
}

/** Whether a turn calls tools: by `tool_calls` or, in older files, by `function_call`. */
export function callsTools({ role, tool_calls, function_call }: ChatMessage): boolean {
  if (role !== "assistant") return false;
  return (Array.isArray(tool_calls) && tool_calls.length > 0) || isRecord(function_call);
}

/** Descriptions of tools (JSON schemas of functions, as a rule) that the chat template shows to the model. */
export type Tools = readonly Readonly<Record<string, unknown>>[];

/** A dialogue and the tools that its assistant may call. */
export interface Conversation {
  readonly messages: readonly ChatMessage[];
  /** Absent where the row names none; an empty list is handed on as it is. */
  readonly tools?: Tools;
}

/** The keys of a source row that are not part of its shape, such as `dialogue` or `category`. */
export type RowFields = Readonly<Record<string, unknown>>;

/** A request and the reply to learn. */
export interface PairRow {
  readonly kind: "pair";
  readonly system?: string;
  readonly input: string;
  readonly output: string;
  readonly tools?: Tools;
  readonly fields: RowFields;
}

/** Raw text and its continuation; no chat template is applied and edges of the texts are significant. */
export interface CompletionRow {
  readonly kind: "completion";
  readonly prompt: string;
  readonly completion: string;
  readonly fields: RowFields;
}

/** A dialogue with at least one turn of the assistant. */
export interface MessagesRow extends Conversation {
  readonly kind: "messages";
  readonly fields: RowFields;
}

/** Running text, all of it to be learnt. */
export interface TextRow {
  readonly kind: "text";
  readonly text: string;
  readonly fields: RowFields;
}

/** A row that is tokenised already. */
export interface TokensRow {
  readonly kind: "tokens";
  readonly inputIds: readonly number[];
  /** As long as `inputIds`; {@link UNSCORED} where the token is not scored. */
  readonly labels: readonly number[];
  readonly fields: RowFields;
}

/** A prompt or a completion of a {@link PreferenceRow}: raw text, or turns of a dialogue. */
export type PreferenceSide = string | readonly ChatMessage[];

/** A prompt and completions that are compared or judged: `chosen` and `rejected`, or one `completion` whose label is a kept field. */
export interface PreferenceRow {
  readonly kind: "preference";
  readonly prompt: PreferenceSide;
  /** By their keys. */
  readonly completions: Readonly<Record<string, PreferenceSide>>;
  readonly tools?: Tools;
  readonly fields: RowFields;
}

/** A {@link PreferenceRow} that is tokenised already. */
export interface PreferenceTokensRow {
  readonly kind: "preference-tokens";
  /** By their keys: `prompt_ids` and those of the completions. */
  readonly ids: Readonly<Record<string, readonly number[]>>;
  readonly fields: RowFields;
}

/** A normalised row, told apart by `kind`. */
export type Row =
  PairRow | CompletionRow | MessagesRow | TextRow | TokensRow | PreferenceRow | PreferenceTokensRow;

/** The label of a token that is not scored, as in Transformers (`ignore_index` of PyTorch's cross-entropy). */
export const UNSCORED = -100;
