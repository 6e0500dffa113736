import { UsageError } from "@lathe/command";
import type { ChatMessage, ModelConfig, Tokenizer } from "@lathe/model";

/** @throws UsageError that says what a model without tokenizer can be used for */
export function requireTokenizer(tokenizer: Tokenizer | null, model: string, wanting: string): Tokenizer {
  if (tokenizer) return tokenizer;
  throw new UsageError([
    `${model}: the folder has no tokenizer.json, which ${wanting} needs; give token ids (--ids)`,
  ]);
}

/** Ids of a text as it stands. */
export function textPrompt(tokenizer: Tokenizer, text: string): number[] {
  return tokenizer.encode(text);
}

/**
 * Ids of a conversation up to where the assistant begins to speak: by the chat template or, without one, a line feed
 * after every turn that is not the assistant's, as rows are tokenised for training.
 */
export function chatPrompt(tokenizer: Tokenizer, messages: readonly ChatMessage[]): number[] {
  if (tokenizer.renderChat) {
    const text = tokenizer.renderChat(messages, { addGenerationPrompt: true });
    return tokenizer.encode(text, { addSpecialTokens: false });
  }
  const text = messages
    .map(({ role, content }) => `${content ?? ""}${role === "assistant" ? "" : "\n"}`)
    .join("");
  return tokenizer.encode(text);
}

/** @throws UsageError when an id has no row in the model's embedding */
export function checkIds(ids: readonly number[], { vocabularySize }: ModelConfig): void {
  const bad = ids.find((id) => id >= vocabularySize);
  if (bad !== undefined) {
    throw new UsageError([
      `--ids: expected token ids below ${vocabularySize}, the model's vocabulary, got ${bad}`,
    ]);
  }
}
