import { randomUUID } from "node:crypto";
import type { FinishReason, Tokenizer } from "@lathe/model";
import type { ReplyPart } from "../reading/reply-reader.js";
import type { ReplyEvent } from "../replies/reply-events.js";
import { chatLogprob } from "./logprob-shapes.js";
import { type Usage, usageShape } from "./usage.js";

/** What the shapes of a reply are made of besides its events. */
export interface ReplyFrame {
  readonly tokenizer: Tokenizer;
  /** The model's name as it was asked for. */
  readonly model: string;
  /** Replies to the request. */
  readonly count: number;
  readonly usage: Usage;
  readonly hasLogprobs: boolean;
  /** Whether a stream tells the tokens taken at its end. */
  readonly includesUsage: boolean;
  /** Whether a reply calls one tool at most. */
  readonly callsOnce: boolean;
}

const head = (object: string, model: string): object => ({
  id: `chatcmpl-${randomUUID()}`,
  object,
  created: Math.floor(Date.now() / 1000),
  model,
  system_fingerprint: null,
});

/** Calls of tools of one reply as they are numbered. */
class CallList {
  readonly calls: object[] = [];

  constructor(readonly callsOnce: boolean) {}

  /** @returns the call in OpenAI's form, or null where it is one too many */
  add({ call }: Extract<ReplyPart, { kind: "tool-call" }>): object | null {
    if (this.callsOnce && this.calls.length > 0) return null;
    const shape = {
      id: `call_${randomUUID().replaceAll("-", "").slice(0, 24)}`,
      type: "function",
      function: call,
    };
    this.calls.push(shape);
    return shape;
  }
}

const reasonOf = (finishReason: FinishReason, { calls }: CallList): string =>
  calls.length > 0 ? "tool_calls" : finishReason;

/** A reply while it is put together. */
interface WholeReply {
  content: string;
  reasoning: string;
  finishReason: FinishReason;
  readonly logprobs: object[];
  readonly calls: CallList;
}

/** The whole reply to a dialogue. */
export async function chatCompletion(
  batches: AsyncIterable<readonly ReplyEvent[]>,
  frame: ReplyFrame,
): Promise<object> {
  const { tokenizer, model, count, usage, hasLogprobs, callsOnce } = frame;
  const choices = Array.from({ length: count }, (): WholeReply => {
    return { content: "", reasoning: "", finishReason: "stop", logprobs: [], calls: new CallList(callsOnce) };
  });
  for await (const events of batches) {
    for (const event of events) {
      const choice = choices[event.index];
      if (event.type === "end") {
        choice.finishReason = event.finishReason;
      } else if (event.type === "piece") {
        if (event.logprob) choice.logprobs.push(chatLogprob(tokenizer, event.logprob));
        for (const part of event.parts) {
          if (part.kind === "tool-call") choice.calls.add(part);
          else choice[part.kind] += part.text;
        }
      }
    }
  }
  return {
    ...head("chat.completion", model),
    choices: choices.map(({ content, reasoning, finishReason, logprobs, calls }, index) => ({
      index,
      message: {
        role: "assistant",
        content: content === "" && calls.calls.length > 0 ? null : content,
        refusal: null,
        ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
        ...(calls.calls.length === 0 ? {} : { tool_calls: calls.calls }),
      },
      logprobs: hasLogprobs ? { content: logprobs, refusal: null } : null,
      finish_reason: reasonOf(finishReason, calls),
    })),
    usage: usageShape(usage),
  };
}

/** The reply to a dialogue in chunks, all those of events that came together. */
export async function* chatChunks(
  batches: AsyncIterable<readonly ReplyEvent[]>,
  frame: ReplyFrame,
): AsyncGenerator<readonly object[], void, undefined> {
  const { tokenizer, model, count, usage, hasLogprobs, includesUsage, callsOnce } = frame;
  const shared = { ...head("chat.completion.chunk", model), ...(includesUsage ? { usage: null } : {}) };
  const chunk = (index: number, delta: object, more: object = {}): object => ({
    ...shared,
    choices: [{ index, delta, logprobs: null, finish_reason: null, ...more }],
  });
  const calls = Array.from({ length: count }, () => new CallList(callsOnce));
  const chunksOf = (event: ReplyEvent): object[] => {
    const { index } = event;
    if (event.type === "begin") return [];
    if (event.type === "end") {
      return [chunk(index, {}, { finish_reason: reasonOf(event.finishReason, calls[index]) })];
    }
    const deltas = event.parts.flatMap((part): object[] => {
      if (part.kind === "content") return [{ content: part.text }];
      if (part.kind === "reasoning") return [{ reasoning_content: part.text }];
      const call = calls[index].add(part);
      return call ? [{ tool_calls: [{ index: calls[index].calls.length - 1, ...call }] }] : [];
    });
    const logprobs =
      hasLogprobs && event.logprob
        ? { logprobs: { content: [chatLogprob(tokenizer, event.logprob)], refusal: null } }
        : {};
    // The probability of a token whose text is held back comes with no text.
    if (deltas.length === 0 && event.logprob) deltas.push({ content: "" });
    return deltas.map((delta, place) => chunk(index, delta, place === 0 ? logprobs : {}));
  };
  yield calls.map((_, index) => chunk(index, { role: "assistant", content: "", refusal: null }));
  for await (const events of batches) {
    const chunks = events.flatMap(chunksOf);
    if (chunks.length > 0) yield chunks;
  }
  if (includesUsage) yield [{ ...shared, choices: [], usage: usageShape(usage) }];
}
