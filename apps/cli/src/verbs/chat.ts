import { field, phrase } from "@lathe/files";
import { createInterface } from "node:readline";
import { readTools } from "@lathe/data";
import { Conversation, type ConversationOptions } from "@lathe/recipes";
import { chatOptions } from "@lathe/recipes/options";
import { defineVerb } from "../define-verb.js";

const PROMPT = "> ";
const HELP = phrase`/reset forgets the conversation, /exit ends it`;

export const verb = defineVerb({
  description:
    "A line is a turn; the model sees the whole conversation. /reset forgets it, /exit ends. Piped lines work as well: a reply for each.",
  examples: [
    "lathe chat --model models/base --adapter runs/first/adapter --temperature 0.7 --top-p 0.9",
    'echo "你好" | lathe chat --model models/base',
  ],
  options: chatOptions,
  async run({ model, tools, maxNewTokens }, { json, io, narrator, note, signal, recipeOptions }) {
    const conversation = await Conversation.open(model, {
      ...recipeOptions<ConversationOptions>(),
      ...(tools === undefined ? {} : { tools: await readTools(tools) }),
    });
    narrator.end();
    const isTerminal = io.stdin.isTTY === true && io.stdout.isTTY === true;
    const lines = createInterface({
      input: io.stdin,
      ...(isTerminal ? { output: io.stdout, historySize: 1000 } : {}),
      terminal: isTerminal,
      prompt: PROMPT,
    });
    const stop = (): void => lines.close();
    // Ctrl-C ends the reply under way; at the prompt it ends the conversation.
    lines.on("SIGINT", () => {
      if (!conversation.interrupt()) stop();
    });
    signal.addEventListener("abort", stop);
    const reply = async (text: string): Promise<void> => {
      try {
        const pieces = conversation.say(text);
        let next = await pieces.next();
        for (; !next.done; next = await pieces.next()) {
          if (!json) io.stdout.write(next.value.text);
        }
        if (next.value.finishReason === "length")
          note(phrase`cut after ${maxNewTokens} tokens (${field("maxNewTokens")})`);
      } finally {
        if (!json) io.stdout.write("\n");
      }
    };
    if (isTerminal) note(HELP);
    if (isTerminal) lines.prompt();
    try {
      for await (const line of lines) {
        const text = line.trim();
        if (signal.aborted || text === "/exit") break;
        if (text === "/reset") {
          conversation.reset();
          note(phrase`forgotten`);
        } else if (text.startsWith("/") && isTerminal) note(HELP);
        else if (text !== "") await reply(text);
        if (isTerminal) lines.prompt();
      }
      signal.throwIfAborted();
      return { json: { turns: conversation.exchanges }, text: "" };
    } finally {
      signal.removeEventListener("abort", stop);
      lines.close();
      conversation.dispose();
    }
  },
});
