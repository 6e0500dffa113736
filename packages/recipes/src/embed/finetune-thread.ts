/** A program: trains in a thread, step by step as its host asks. */
import { parentPort } from "node:worker_threads";
import { finetune } from "../finetune.js";
import { carryError } from "./carried-error.js";
import { RunControl } from "./run-control.js";
import type { ThreadMessage, ThreadRequest } from "./thread-messages.js";

const control = new RunControl();
const tell = (message: ThreadMessage): void => parentPort!.postMessage(message);
let run: ReturnType<typeof finetune> | null = null;

async function answer(request: Extract<ThreadRequest, { type: "next" | "return" }>): Promise<ThreadMessage> {
  if (request.type === "return") {
    await run!.return(undefined as never);
    return { type: "left" };
  }
  const next = await run!.next();
  return next.done ? { type: "end", summary: next.value } : { type: "step", report: next.value };
}

parentPort!.on("message", (request: ThreadRequest) => {
  switch (request.type) {
    case "begin":
      run = finetune({ ...request.options, control, onEvent: (event) => tell({ type: "event", event }) });
      break;
    case "order":
      control[request.order]();
      break;
    default:
      void answer(request)
        .catch((error: unknown): ThreadMessage => {
          const isAbort = control.signal.aborted && error === control.signal.reason;
          return { type: "fault", error: carryError(error), isAbort };
        })
        .then(tell);
  }
});
