/** A program: trains in a thread or a process, step by step as its host asks. */
import { parentPort } from "node:worker_threads";
import { finetune } from "../finetune.js";
import { carryError } from "./carried-error.js";
import { RunControl } from "./run-control.js";
import type { HostMessage, HostRequest } from "./host-messages.js";

const control = new RunControl();
const tell = (message: HostMessage): void => {
  if (parentPort) parentPort.postMessage(message);
  else process.send?.(message);
};
let run: ReturnType<typeof finetune> | null = null;

async function answer(request: Extract<HostRequest, { type: "next" | "return" }>): Promise<HostMessage> {
  if (request.type === "return") {
    await run!.return(undefined as never);
    return { type: "left" };
  }
  const next = await run!.next();
  return next.done ? { type: "end", summary: next.value } : { type: "step", report: next.value };
}

const hear = (request: HostRequest): void => {
  switch (request.type) {
    case "begin":
      run = finetune({ ...request.options, control, onEvent: (event) => tell({ type: "event", event }) });
      break;
    case "order":
      control[request.order]();
      break;
    default:
      void answer(request)
        .catch((error: unknown): HostMessage => {
          const isAbort = control.signal.aborted && error === control.signal.reason;
          return { type: "fault", error: carryError(error), isAbort };
        })
        .then(tell);
  }
};

if (parentPort) {
  parentPort.on("message", hear);
} else {
  process.on("message", hear);
  // A terminal's signals are heard by the host too, which orders what is to be done.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
  // Whoever asked is gone: the run ends with a checkpoint, and with it the process.
  process.on("disconnect", () => {
    control.abort();
    void run?.next().catch(() => undefined);
  });
}
