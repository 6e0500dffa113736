import { phrase } from "@lathe/files";
import {
  type ChatMessage,
  encodeConversation,
  encodeTextPrompt,
  type ReasoningPolicy,
  type Tools,
} from "@lathe/data";
import type { Tokenizer } from "@lathe/model";
import { expectation, field, RecipeError } from "../recipe-error.js";
import type { ModelFolder } from "./model-folder.js";

/** What is to be answered or continued: one of them. */
export interface PromptOptions {
  /** A dialogue up to where the assistant begins to speak. */
  readonly messages?: readonly ChatMessage[] | undefined;
  /** A text to answer, put into the model's chat template if it has one. */
  readonly prompt?: string | undefined;
  /** System message before `prompt`; only for models with a chat template. */
  readonly system?: string | undefined;
  /** Tools that the assistant may call, for `messages` or `prompt` in a chat template. */
  readonly tools?: Tools | undefined;
  /**
   * What the prompt does about reasoning, as it was learnt: `empty` has the model answer at once.
   * @defaultValue that which stands beside the weights, else "keep"
   */
  readonly reasoning?: ReasoningPolicy | undefined;
  /** Continue `prompt` as it stands, without the chat template. @defaultValue false */
  readonly raw?: boolean | undefined;
  /** Token ids to continue. */
  readonly ids?: readonly number[] | undefined;
}

/** @throws RecipeError that says what a model without tokenizer can be used for */
export function requireTokenizer({ tokenizer, path }: ModelFolder, key: string): Tokenizer {
  if (tokenizer) return tokenizer;
  throw new RecipeError([
    {
      field: key,
      sentence: phrase`${path}: the folder has no tokenizer.json, which ${field(key)} needs; give token ids (${field("ids")})`,
    },
  ]);
}

/** Ids of a conversation up to where the assistant begins to speak. */
function chatIds(
  tokenizer: Tokenizer,
  messages: readonly ChatMessage[],
  { tools, reasoning = "keep" }: PromptOptions,
): readonly number[] {
  const conversation = tools === undefined ? { messages } : { messages, tools };
  return encodeConversation(conversation, tokenizer, { addGenerationPrompt: true, reasoning }).inputIds;
}

function ownIds(ids: readonly number[], { config: { vocabularySize } }: ModelFolder): readonly number[] {
  const bad = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabularySize);
  if (bad === undefined) return ids;
  throw new RecipeError([
    expectation("ids", phrase`token ids below ${vocabularySize}, the model's vocabulary`, String(bad)),
  ]);
}

function textIds(folder: ModelFolder, prompt: string, options: PromptOptions): readonly number[] {
  const { system, raw = false } = options;
  const tokenizer = requireTokenizer(folder, "prompt");
  for (const key of ["system", "tools"] as const) {
    if (options[key] === undefined || tokenizer.hasChatTemplate) continue;
    const sentence = phrase`${folder.path}: the model has no chat template, which ${field(key)} needs`;
    throw new RecipeError([{ field: key, sentence }]);
  }
  if (raw || !tokenizer.hasChatTemplate) return encodeTextPrompt(prompt, tokenizer);
  const messages: ChatMessage[] = [{ role: "user", content: prompt }];
  if (system !== undefined) messages.unshift({ role: "system", content: system });
  return chatIds(tokenizer, messages, options);
}

/**
 * Token ids of what is to be answered.
 * @throws RecipeError when it is not one thing, or has no tokens, or needs a tokenizer that is not there
 */
export function promptIds(folder: ModelFolder, options: PromptOptions): readonly number[] {
  const { messages, prompt, system, tools, raw, ids } = options;
  const given = (["messages", "prompt", "ids"] as const).filter((key) => options[key] !== undefined);
  if (given.length !== 1) {
    const sentence = phrase`expected one of ${field("messages")}, ${field("prompt")} and ${field("ids")}, got ${given.length}`;
    throw new RecipeError([{ field: given[1] ?? "prompt", sentence }]);
  }
  if (system !== undefined && (prompt === undefined || raw)) {
    const sentence = phrase`${field("system")} goes with ${field("prompt")} in a chat template, not with ${field("ids")}, ${field("messages")} or ${field("raw")}`;
    throw new RecipeError([{ field: "system", sentence }]);
  }
  if (tools !== undefined && (ids !== undefined || raw)) {
    const sentence = phrase`${field("tools")} goes with ${field("prompt")} or ${field("messages")} in a chat template, not with ${field("ids")} or ${field("raw")}`;
    throw new RecipeError([{ field: "tools", sentence }]);
  }
  if (ids !== undefined) return ownIds(ids, folder);
  const made =
    messages === undefined
      ? textIds(folder, prompt!, options)
      : chatIds(requireTokenizer(folder, "messages"), messages, options);
  if (made.length > 0) return made;
  const sentence = phrase`${field(given[0])}: the text has no tokens`;
  throw new RecipeError([{ field: given[0], sentence }]);
}
