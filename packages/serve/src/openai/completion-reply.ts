import { randomUUID } from "node:crypto";
import type { FinishReason } from "@lathe/model";
import type { ReplyPart } from "../reading/reply-reader.js";
import type { ReplyEvent } from "../replies/reply-events.js";
import type { ChosenLogprob } from "../replies/token-chooser.js";
import type { ReplyFrame } from "./chat-reply.js";
import { completionLogprobs } from "./logprob-shapes.js";
import { usageShape } from "./usage.js";

const head = (model: string): object => ({
  id: `cmpl-${randomUUID()}`,
  object: "text_completion",
  created: Math.floor(Date.now() / 1000),
  model,
  system_fingerprint: null,
});

const textOf = (parts: readonly ReplyPart[]): string =>
  parts.map((part) => (part.kind === "content" ? part.text : "")).join("");

/** A continuation while it is put together. */
interface WholeText {
  text: string;
  finishReason: FinishReason;
  readonly logprobs: ChosenLogprob[];
}

/** The whole continuations of texts. */
export async function completion(
  batches: AsyncIterable<readonly ReplyEvent[]>,
  frame: ReplyFrame,
): Promise<object> {
  const { tokenizer, model, count, usage, hasLogprobs } = frame;
  const choices = Array.from({ length: count }, (): WholeText => ({
    text: "",
    finishReason: "stop",
    logprobs: [],
  }));
  for await (const events of batches) {
    for (const event of events) {
      const choice = choices[event.index];
      if (event.type === "end") choice.finishReason = event.finishReason;
      if (event.type !== "piece") continue;
      choice.text += textOf(event.parts);
      if (event.logprob) choice.logprobs.push(event.logprob);
    }
  }
  return {
    ...head(model),
    choices: choices.map(({ text, finishReason, logprobs }, index) => ({
      index,
      text,
      logprobs: hasLogprobs ? completionLogprobs(tokenizer, logprobs) : null,
      finish_reason: finishReason,
    })),
    usage: usageShape(usage),
  };
}

/** The continuations of texts in chunks, all those of events that came together. */
export async function* completionChunks(
  batches: AsyncIterable<readonly ReplyEvent[]>,
  frame: ReplyFrame,
): AsyncGenerator<readonly object[], void, undefined> {
  const { tokenizer, model, usage, hasLogprobs, includesUsage, count } = frame;
  const shared = { ...head(model), ...(includesUsage ? { usage: null } : {}) };
  const offsets = Array.from({ length: count }, () => 0);
  const chunk = (index: number, text: string, more: object = {}): object => ({
    ...shared,
    choices: [{ index, text, logprobs: null, finish_reason: null, ...more }],
  });
  const chunksOf = (event: ReplyEvent): object[] => {
    const { index } = event;
    if (event.type === "begin") return [];
    if (event.type === "end") return [chunk(index, "", { finish_reason: event.finishReason })];
    const text = textOf(event.parts);
    const logprobs =
      hasLogprobs && event.logprob
        ? { logprobs: completionLogprobs(tokenizer, [event.logprob], offsets[index]) }
        : {};
    offsets[index] += text.length;
    return [chunk(index, text, logprobs)];
  };
  for await (const events of batches) {
    const chunks = events.flatMap(chunksOf);
    if (chunks.length > 0) yield chunks;
  }
  if (includesUsage) yield [{ ...shared, choices: [], usage: usageShape(usage) }];
}
