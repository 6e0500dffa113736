/** A program: trains in a process that may be killed, as an order from its parent says. */
import { carryError } from "../embed/carried-error.js";
import { finetune } from "../finetune.js";
import type { RunMessage, RunOrder } from "./run-messages.js";

const interrupt = new AbortController();
const tell = (message: RunMessage): void => {
  process.send?.(message);
};

async function follow({ options, steps }: RunOrder): Promise<number> {
  const run = finetune({
    ...options,
    signal: interrupt.signal,
    onEvent(event) {
      // Killed after its last step, the run has no further one to report.
      if (event.type === "resuming" && event.step >= steps) interrupt.abort();
    },
  });
  for (;;) {
    const next = await run.next();
    if (next.done) return next.value.steps;
    const { step, seconds } = next.value;
    if (step >= steps) interrupt.abort();
    tell({ type: "step", step, seconds });
  }
}

// The only message without an order asks for the end of the run.
process.on("message", (order: RunOrder | null) => {
  if (order === null) {
    interrupt.abort();
    return;
  }
  void follow(order)
    .then(
      (step): RunMessage => ({ type: "end", step }),
      (error: unknown): RunMessage => ({ type: "fault", error: carryError(error) }),
    )
    .then((message) => {
      tell(message);
      process.disconnect();
    });
});
// Whoever asked is gone: nobody wants the run any longer.
process.on("disconnect", () => interrupt.abort());
