import { UsageError, option } from "@lathe/command";
import { phrase, sayPhrase } from "@lathe/files";
import { createInterface } from "node:readline";
import { type ChatMessage, readTools } from "@lathe/data";
import type { FinishReason } from "@lathe/model";
import { openModel, type OpenModelOptions, respond, type RespondOptions } from "@lathe/recipes";
import { z } from "zod";
import { defineVerb } from "../define-verb.js";
import { engineOptions } from "../options/engine-options.js";
import { generationOptions } from "../options/generation-options.js";
import { promptReasoningOption } from "../options/learnt-options.js";
import { adapterOption, modelOption } from "../options/model-options.js";

const PROMPT = "> ";

const options = z.object({
  model: modelOption(),
  adapter: adapterOption(),
  system: option(z.string().min(1).optional(), "system message that begins the conversation", {
    placeholder: "text",
  }),
  tools: option(z.string().min(1).optional(), "JSON file: list of tools that the chat template shows", {
    field: null,
    placeholder: "file",
  }),
  reasoning: promptReasoningOption(),
  ...generationOptions,
  ...engineOptions,
});

export const verb = defineVerb({
  description:
    "A line is a turn; the model sees the whole conversation. /reset forgets it, /exit ends. Piped lines work as well: a reply for each.",
  examples: [
    "lathe chat --model models/base --adapter runs/first/adapter --temperature 0.7 --top-p 0.9",
    'echo "你好" | lathe chat --model models/base',
  ],
  options,
  async run(given, context) {
    const { json, io, messages, narrator, note, signal } = context;
    const { generation, ...opening } = context.recipeOptions<OpenModelOptions & RespondOptions>();
    const tools = given.tools === undefined ? {} : { tools: await readTools(given.tools) };
    const model = await openModel(given.model, { ...opening, cache: given.cache });
    narrator.end();
    if (model.tokenizer === null) {
      model.dispose();
      throw new UsageError(
        [phrase`${given.model}: the folder has no tokenizer.json, which ${"chat"} needs`],
        "chat",
      );
    }
    const first: ChatMessage[] =
      given.system === undefined ? [] : [{ role: "system", content: given.system }];
    let turns = [...first];
    const said: {
      readonly user: string;
      readonly reply: string;
      readonly finishReason: FinishReason | null;
    }[] = [];

    const isTerminal = io.stdin.isTTY === true && io.stdout.isTTY === true;
    const lines = createInterface({
      input: io.stdin,
      ...(isTerminal ? { output: io.stdout, historySize: 1000 } : {}),
      terminal: isTerminal,
      prompt: PROMPT,
    });
    // Ctrl-C ends the reply under way; at the prompt it ends the conversation.
    let reply = new AbortController();
    let isReplying = false;
    let isWarned = false;
    const warnOnce = (text: string): void => {
      if (!isWarned) context.warn(text);
      isWarned = true;
    };
    lines.on("SIGINT", () => (isReplying ? reply.abort() : lines.close()));
    const stop = (): void => lines.close();
    signal.addEventListener("abort", stop);
    if (isTerminal) note(messages.chatHelp);
    if (isTerminal) lines.prompt();
    try {
      for await (const line of lines) {
        const text = line.trim();
        if (signal.aborted || text === "/exit") break;
        if (text === "/reset") {
          turns = [...first];
          note(messages.chatReset);
        } else if (text.startsWith("/") && isTerminal) {
          note(messages.chatHelp);
        } else if (text !== "") {
          turns.push({ role: "user", content: text });
          reply = new AbortController();
          isReplying = true;
          let content = "";
          let finishReason: FinishReason | null = null;
          try {
            const pieces = respond({
              model,
              messages: turns,
              reasoning: given.reasoning,
              ...tools,
              generation,
              signal: AbortSignal.any([signal, reply.signal]),
              onEvent(event) {
                if (event.type === "warning") warnOnce(sayPhrase(event.phrase, messages.phrases));
                else if (event.type !== "sampling" || said.length === 0) narrator.onEvent(event);
              },
            });
            let next = await pieces.next();
            for (; !next.done; next = await pieces.next()) {
              content += next.value.text;
              if (!json) io.stdout.write(next.value.text);
            }
            ({ finishReason } = next.value);
          } catch (error) {
            if (!reply.signal.aborted) throw error;
          } finally {
            isReplying = false;
            if (!json) io.stdout.write("\n");
          }
          turns.push({ role: "assistant", content });
          if (finishReason === "length") note(messages.replyCut(given.maxNewTokens));
          said.push({ user: text, reply: content, finishReason });
        }
        if (isTerminal) lines.prompt();
      }
      signal.throwIfAborted();
      return { json: { turns: said }, text: "" };
    } finally {
      signal.removeEventListener("abort", stop);
      lines.close();
      model.dispose();
    }
  },
});
