import type { Tokenizer } from "@lathe/model";
import { type ToolFormat, toolFormats } from "./tool-format.js";

/** What a model's chat template makes of tools. */
export interface ToolSupport {
  /** Whether it shows them to the model. */
  readonly showsTools: boolean;
  /** Whether it takes the arguments of a call as an object rather than as JSON text. */
  readonly takesObjects: boolean;
  /** What it takes for the content of a turn that only calls tools. */
  readonly noContent: null | "";
  /** How the model writes calls; null where it is none of the known ways. */
  readonly format: ToolFormat | null;
}

const NAME = "probe_of_tools";
const ARGUMENTS = '{"key": "value"}';
const question = { role: "user", content: "?" };
const tools = [
  {
    type: "function",
    function: { name: NAME, description: "A probe.", parameters: { type: "object", properties: {} } },
  },
];

/** Asks a chat template what it makes of tools, by rendering a dialogue with them. */
export function toolSupport(tokenizer: Pick<Tokenizer, "renderChat">): ToolSupport {
  const render = (messages: readonly object[]): string | null => {
    try {
      // Called as a method: a tokenizer is a class.
      return tokenizer.renderChat?.(messages as never, { addGenerationPrompt: true, tools }) ?? null;
    } catch {
      // A template may refuse such dialogues; then it has no support for them.
      return null;
    }
  };
  const showsTools = render([question])?.includes(NAME) ?? false;
  const calling = (given: unknown, noContent: null | ""): string | null => {
    const call = { id: "call00001", type: "function", function: { name: NAME, arguments: given } };
    const called = { role: "assistant", content: noContent, tool_calls: [call] };
    const result = { role: "tool", tool_call_id: call.id, name: NAME, content: "1" };
    const text = render([question, called, result]);
    return text?.includes(ARGUMENTS) ? text : null;
  };
  const example = { name: NAME, arguments: ARGUMENTS };
  const ways = ([null, ""] as const).flatMap((noContent) =>
    [ARGUMENTS, { key: "value" }].map((given) => {
      const text = calling(given, noContent);
      const format = toolFormats.find((one) => text?.includes(one.example(example))) ?? null;
      return { text, format, noContent, takesObjects: typeof given === "object" };
    }),
  );
  const way = ways.find(({ format }) => format !== null) ?? ways.find(({ text }) => text !== null) ?? ways[0];
  const { format, noContent, takesObjects } = way;
  return { showsTools, takesObjects, noContent, format };
}
