import { isRecord, isInputError, parseJson } from "@lathe/files";
import { argumentsSchema, callSchema, type DescribedTool, type ForcedCall } from "./forced-call.js";

/** A call of a tool as a model wrote it. */
export interface ToolCall {
  readonly name: string;
  /** JSON text of an object. */
  readonly arguments: string;
}

/** How a family of chat templates has its models write calls of tools. */
export interface ToolFormat {
  /** The text that the first call begins with. */
  readonly opening: string;
  /** A call as the templates write it, to know the family by. */
  readonly example: (call: ToolCall) => string;
  /** The calls of a text from `opening` on, or null where it is not written so. */
  readonly read: (text: string) => ToolCall[] | null;
  /** A reply that calls one of the tools, of which there is one at least; null where the way of writing cannot leave it open which. */
  readonly force: (tools: readonly DescribedTool[]) => ForcedCall | null;
}

/** A call whose arguments are the JSON of an object, or null. */
function toolCall(name: unknown, given: unknown): ToolCall | null {
  if (typeof name !== "string" || name === "" || !isRecord(given)) return null;
  return { name, arguments: JSON.stringify(given) };
}

function jsonOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (isInputError(error)) return undefined;
    throw error;
  }
}

/** What stands between pairs of marks; null where something else stands outside them. */
function between(text: string, open: string, close: string): string[] | null {
  const inside: string[] = [];
  let rest = text.trim();
  while (rest !== "") {
    if (!rest.startsWith(open)) return null;
    const end = rest.indexOf(close, open.length);
    // The mark at the end may be what stopped the reply.
    inside.push(rest.slice(open.length, end < 0 ? undefined : end));
    rest = end < 0 ? "" : rest.slice(end + close.length).trim();
  }
  return inside;
}

const allOf = (calls: readonly (ToolCall | null)[] | undefined): ToolCall[] | null => {
  const whole = (calls ?? []).filter((call) => call !== null);
  return whole.length > 0 && whole.length === calls?.length ? whole : null;
};

/** `<tool_call>{"name": …, "arguments": …}</tool_call>`, as Qwen2.5, Qwen3 and Hermes write it. */
const taggedJson: ToolFormat = {
  opening: "<tool_call>",
  example: ({ name, arguments: given }) =>
    `<tool_call>\n{"name": "${name}", "arguments": ${given}}\n</tool_call>`,
  read: (text) =>
    allOf(
      between(text, "<tool_call>", "</tool_call>")?.map((inside) => {
        const value = jsonOf(inside);
        return isRecord(value) ? toolCall(value["name"], value["arguments"]) : null;
      }),
    ),
  force: (tools) =>
    tools.length > 1
      ? { opening: "<tool_call>\n", schema: callSchema(tools), ending: "\n</tool_call>" }
      : {
          opening: `<tool_call>\n{"name": "${tools[0].name}", "arguments": `,
          schema: argumentsSchema(tools[0]),
          ending: "}\n</tool_call>",
        },
};

const CALLS = "<｜tool▁calls▁begin｜>";
const CALLS_END = "<｜tool▁calls▁end｜>";
const CALL = "<｜tool▁call▁begin｜>";
const CALL_END = "<｜tool▁call▁end｜>";
const SEPARATOR = "<｜tool▁sep｜>";

/** The calls between DeepSeek's marks, each read by itself. */
function deepseekCalls(text: string, read: (inside: string) => ToolCall | null): ToolCall[] | null {
  const [inside, ...others] = between(text, CALLS, CALLS_END) ?? [];
  if (inside === undefined || others.length > 0) return null;
  return allOf(between(inside, CALL, CALL_END)?.map(read));
}

/** `function`, the name and a block of JSON between DeepSeek's marks, as V3 and R1 write it. */
const deepseekBlocks: ToolFormat = {
  opening: CALLS,
  example: ({ name, arguments: given }) =>
    `${CALLS}${CALL}function${SEPARATOR}${name}\n\`\`\`json\n${given}\n\`\`\`${CALL_END}`,
  read: (text) =>
    deepseekCalls(text, (inside) => {
      const parts = /^function<｜tool▁sep｜>([^\n]+)\n```json\n([^]*?)\n```\s*$/.exec(inside);
      return parts && toolCall(parts[1].trim(), jsonOf(parts[2]));
    }),
  force: ([tool, ...others]) =>
    others.length > 0
      ? null
      : {
          opening: `${CALLS}${CALL}function${SEPARATOR}${tool.name}\n\`\`\`json\n`,
          schema: argumentsSchema(tool),
          ending: `\n\`\`\`${CALL_END}${CALLS_END}`,
        },
};

/** The name and bare JSON between DeepSeek's marks, as V3.1 writes it. */
const deepseekBare: ToolFormat = {
  opening: CALLS,
  example: ({ name, arguments: given }) => `${CALLS}${CALL}${name}${SEPARATOR}${given}${CALL_END}`,
  read: (text) =>
    deepseekCalls(text, (inside) => {
      const [name, given, ...others] = inside.split(SEPARATOR);
      return given === undefined || others.length > 0 ? null : toolCall(name.trim(), jsonOf(given));
    }),
  force: ([tool, ...others]) =>
    others.length > 0
      ? null
      : {
          opening: `${CALLS}${CALL}${tool.name}${SEPARATOR}`,
          schema: argumentsSchema(tool),
          ending: `${CALL_END}${CALLS_END}`,
        },
};

/** The formats that are known. */
export const toolFormats: readonly ToolFormat[] = [taggedJson, deepseekBlocks, deepseekBare];
