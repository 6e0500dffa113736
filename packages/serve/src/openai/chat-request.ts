import { z } from "zod";
import { commonFields, MAXIMUM_TOP_LOGPROBS } from "./request-fields.js";

/** Text, or parts of text; pictures and sounds are refused by their type. */
const content = z.union([
  z.string(),
  z
    .array(z.object({ type: z.literal("text"), text: z.string() }))
    .transform((parts) => parts.map(({ text }) => text).join("")),
]);

const toolCall = z.object({
  id: z.string(),
  type: z.literal("function"),
  function: z.object({ name: z.string().min(1), arguments: z.string() }),
});

const message = z.discriminatedUnion("role", [
  z.object({ role: z.literal("system"), content }),
  z.object({ role: z.literal("developer"), content }),
  z.object({ role: z.literal("user"), content, name: z.string().nullish() }),
  z.object({
    role: z.literal("assistant"),
    content: content.nullish(),
    reasoning_content: z.string().nullish(),
    tool_calls: z.array(toolCall).min(1).nullish(),
  }),
  z.object({ role: z.literal("tool"), content, tool_call_id: z.string() }),
]);

const tool = z.object({
  type: z.literal("function"),
  function: z.looseObject({
    name: z.string().regex(/^[\w-]{1,64}$/, "expected letters, digits, _ and -, at most 64"),
    description: z.string().optional(),
    parameters: z.record(z.string(), z.unknown()).optional(),
  }),
});

const responseFormat = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text") }),
  z.object({ type: z.literal("json_object") }),
  z.object({
    type: z.literal("json_schema"),
    json_schema: z.object({
      name: z.string().regex(/^[\w-]{1,64}$/, "expected letters, digits, _ and -, at most 64"),
      schema: z.record(z.string(), z.unknown()),
    }),
  }),
]);

/** Body of a request for `/v1/chat/completions`. Fields that it does not name have no bearing on the answer. */
export const chatRequest = z.object({
  ...commonFields,
  messages: z.array(message).min(1),
  max_completion_tokens: z.int().min(1).nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(MAXIMUM_TOP_LOGPROBS).nullish(),
  tools: z.array(tool).nullish(),
  tool_choice: z
    .union([
      z.enum(["auto", "none", "required"]),
      z.object({ type: z.literal("function"), function: z.object({ name: z.string().min(1) }) }),
    ])
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  response_format: responseFormat.nullish(),
  // Fields that would change the answer and that there is no way to follow.
  functions: z.null().optional(),
  function_call: z.null().optional(),
  audio: z.null().optional(),
  modalities: z.tuple([z.literal("text")]).nullish(),
  reasoning_effort: z.null().optional(),
  verbosity: z.null().optional(),
  web_search_options: z.null().optional(),
});

/** A request for a reply to a dialogue. */
export type ChatRequest = z.output<typeof chatRequest>;
