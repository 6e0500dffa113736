import { messageOf, phrase } from "@lathe/files";
import { TokenizerError } from "../errors.js";
import { fromJavaScript } from "../template/python-values.js";
import { Template } from "../template/render-template.js";

/** One message of a conversation, in the fields that chat templates read. */
export interface ChatMessage {
  /** Who speaks, such as "system", "user" or "assistant". */
  readonly role: string;
  readonly content?: string | null;
  /** What the assistant thought before it spoke, for templates that keep it apart. */
  readonly reasoning_content?: string;
  readonly tool_calls?: readonly unknown[];
  readonly tool_call_id?: string;
  readonly name?: string;
}

/** How a conversation is rendered; further fields become variables of the template. */
export interface RenderChatOptions {
  /** Whether the text ends where the assistant begins to speak. */
  readonly addGenerationPrompt: boolean;
  /** JSON schemas of functions that the assistant may call. */
  readonly tools?: readonly unknown[];
  /** Hears where the template's `generation` blocks stand in the text: what the assistant is to say, in UTF-16 units. */
  readonly onGenerated?: (spans: readonly (readonly [start: number, end: number])[]) => void;
  readonly [variable: string]: unknown;
}

/**
 * A renderer for a model's chat template: the very text that Jinja in Python renders as Transformers sets it up, with
 * `messages`, `tools`, `documents`, `add_generation_prompt` and the special tokens by name. Templates are interpreted, never
 * run as code, and stop at limits of steps and size. The template is parsed at the first rendering, so that a
 * broken one is no hindrance to other work.
 * @param path where the template comes from, for messages
 * @param specialTokens token text by name, such as `bos_token`
 */
export function createChatRenderer(
  template: string,
  path: string,
  specialTokens: Readonly<Record<string, string>>,
): (messages: readonly ChatMessage[], options: RenderChatOptions) => string {
  let parsed: Template | null = null;
  return (messages, { addGenerationPrompt, onGenerated, ...variables }) => {
    parsed ??= parseTemplate(template, path);
    const given: Readonly<Record<string, unknown>> = {
      tools: null,
      documents: null,
      ...specialTokens,
      ...variables,
      messages,
      add_generation_prompt: addGenerationPrompt,
    };
    try {
      const values = Object.entries(given).map(([name, value]) => [name, fromJavaScript(value)] as const);
      const { text, generated } = parsed.render(Object.fromEntries(values));
      onGenerated?.(generated);
      return text;
    } catch (cause) {
      throw new TokenizerError({
        path,
        expected: "messages that the chat template accepts",
        actual: phrase`its complaint “${messageOf(cause)}”`,
        cause,
      });
    }
  };
}

function parseTemplate(template: string, path: string): Template {
  try {
    return new Template(template);
  } catch (cause) {
    throw new TokenizerError({
      path,
      expected: "a chat template in Jinja",
      actual: phrase`one that does not parse (“${messageOf(cause)}”)`,
      cause,
    });
  }
}
