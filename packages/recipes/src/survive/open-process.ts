import { phrase } from "@lathe/files";
import { fork } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { smallYoungGeneration } from "@lathe/train/process";
import { EndedByItselfError } from "../embed/ended-by-itself-error.js";
import type { HostMessage } from "../embed/host-messages.js";
import type { HostPlace } from "../embed/host-place.js";
import type { CountKills } from "./count-kills.js";
import { OutOfMemoryError, tellsOfRefusal } from "./out-of-memory.js";

const program = fileURLToPath(new URL("../embed/finetune-program.js", import.meta.url));

/** Last characters of what a process said before it ended by itself. */
const LAST_WORDS = 4000;

/** Share of its budget beyond which a process that was killed is taken to have been killed for it where the system does not tell. */
const NEAR_BUDGET = 0.7;

/** Added to how likely the system is to choose a process when memory runs out, of 1000: the run can go on, and who watches it cannot. */
const CHOSEN_FIRST = 300;

/** What is known of the memory of a run by what its processes told. */
export interface KnownMemory {
  budgetBytes: number;
  residentBytes: number;
}

function note(known: KnownMemory, message: HostMessage): void {
  if (message.type === "step") known.residentBytes = message.report.peakResidentBytes;
  if (message.type !== "event") return;
  if (message.event.type === "memory") known.budgetBytes = message.event.plan.budgetBytes;
  if (message.event.type === "plan-corrected") known.budgetBytes = message.event.correction.budgetBytes;
}

/** Why a process ended: memory, by what the system and the process itself say, or something else. */
function failureOf(
  {
    code,
    signal,
    words,
  }: { readonly code: number | null; readonly signal: string | null; readonly words: string },
  known: KnownMemory,
  killsBefore: number | null,
  killsAfter: number | null,
): Error {
  if (tellsOfRefusal(words)) return new OutOfMemoryError("refused", words.trim().split("\n").at(-1)!);
  const isForMemory =
    killsBefore === null || killsAfter === null
      ? known.residentBytes > NEAR_BUDGET * known.budgetBytes
      : killsAfter > killsBefore;
  if (signal === "SIGKILL" && isForMemory) {
    return new OutOfMemoryError("killed", phrase`the system ended the process of the run (${signal})`);
  }
  return new EndedByItselfError(phrase`the process of a run`, signal ?? code, words.trim());
}

/**
 * Opens a process for a run.
 * @param known of those before it, and of this one from now on
 * @param countKills tells whether a process that was killed was killed for want of memory
 * @param onStart hears of its number
 */
export function openProcess(
  known: KnownMemory,
  countKills: CountKills,
  onStart?: (pid: number) => void,
): HostPlace {
  // Options of the parent's Node, such as a condition for imports or a program to evaluate, are not the run's.
  const child = fork(program, {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    execArgv: [...smallYoungGeneration.execArgv],
    serialization: "advanced",
  });
  known.residentBytes = 0;
  const killsBefore = countKills();
  let words = "";
  child.stderr?.on("data", (chunk: Buffer) => (words = (words + chunk.toString()).slice(-LAST_WORDS)));
  if (child.pid !== undefined) {
    // Linux has this file; where it is not, whom the system chooses is left to it.
    void writeFile(`/proc/${child.pid}/oom_score_adj`, String(CHOSEN_FIRST)).catch(() => undefined);
    onStart?.(child.pid);
  }
  const closed = new Promise<void>((resolve) => child.on("close", () => resolve()));
  return {
    listen(onMessage, onFailure) {
      child.on("message", (message: HostMessage) => {
        note(known, message);
        onMessage(message);
      });
      child.on("error", (error) => {
        // What cannot be sent to a process that has ended is told by its end.
        if (child.pid === undefined) onFailure(error);
      });
      child.on("close", (code, signal) => {
        void Promise.all([killsBefore, countKills()]).then(([before, after]) =>
          onFailure(failureOf({ code, signal, words }, known, before, after)),
        );
      });
    },
    send(request) {
      if (child.connected) child.send(request);
    },
    async end() {
      child.kill("SIGKILL");
      await closed;
    },
  };
}
