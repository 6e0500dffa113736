import type { ChatMessage, Tools } from "../rows/row.js";

/**
 * What tokenising rows needs of a tokenizer. `@lathe/model` has one that fits; any object of this form does.
 */
export interface RowTokenizer {
  /**
   * Encodes a text.
   * @param options.addSpecialTokens whether to add what the tokenizer puts around a text, such as a begin token
   */
  encode(text: string, options?: { addSpecialTokens?: boolean }): number[];
  /**
   * Renders a dialogue with the chat template, begin token included. Absent when the model has no template.
   * @param options.addGenerationPrompt whether the text ends where a reply of the assistant begins
   * @param options.tools descriptions of the tools that the assistant may call; absent where the dialogue names none
   * @param options.onGenerated hears where a template that marks it says what the assistant generates, in UTF-16 units
   */
  renderChat?(
    messages: ChatMessage[],
    options: {
      addGenerationPrompt: boolean;
      tools?: Tools;
      onGenerated?: (spans: readonly (readonly [start: number, end: number])[]) => void;
    },
  ): string;
  /** Id of the token at the beginning of a text, if the model has one. */
  readonly beginOfSequenceId: number | null;
  /** Id of the token that ends a reply, if the model has one. */
  readonly endOfSequenceId: number | null;
}
