/** A program: answers in a thread as the sides of a run, one reply after the other. */
import { parentPort } from "node:worker_threads";
import { RunChat } from "../chat/run-chat.js";
import { carryError } from "./carried-error.js";
import type { ChatMessageTold, ChatRequestMessage } from "./chat-messages.js";

const tell = (message: ChatMessageTold): void => parentPort!.postMessage(message);
let opened: Promise<RunChat> | null = null;
let stop = new AbortController();

async function answer({ side, request }: Extract<ChatRequestMessage, { type: "reply" }>): Promise<void> {
  const { signal } = stop;
  try {
    const pieces = (await opened!).reply(side, { ...request, signal });
    for (;;) {
      const next = await pieces.next();
      if (next.done) return tell({ type: "end", reply: next.value });
      tell({ type: "piece", piece: next.value });
    }
  } catch (error) {
    tell({ type: "fault", error: carryError(error), isStop: signal.aborted && error === signal.reason });
  }
}

parentPort!.on("message", (message: ChatRequestMessage) => {
  switch (message.type) {
    case "begin":
      opened = RunChat.open(message.run, {
        ...message.options,
        onEvent: (event) => tell({ type: "event", event }),
      });
      // Said where a reply is asked for.
      opened.catch(() => undefined);
      break;
    case "stop":
      stop.abort();
      break;
    case "reply":
      stop = new AbortController();
      void answer(message);
  }
});
