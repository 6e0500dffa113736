import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { phrase } from "@lathe/files";
import { errorCarried } from "../embed/carried-error.js";
import { EndedByItselfError } from "../embed/ended-by-itself-error.js";
import type { RunMessage, RunOrder } from "./run-messages.js";

const program = fileURLToPath(new URL("./run-child.js", import.meta.url));

/** Last characters of what a process said before it ended by itself. */
const LAST_WORDS = 2000;

/** A run in a process of its own. */
export interface WatchedRun {
  /** Ends the process at once, as the system does. */
  kill(): void;
  /** Lets the run end after its step, with a checkpoint. */
  interrupt(): void;
  /** Settles when the process has ended: the last step, or null where it was killed. */
  readonly end: Promise<number | null>;
}

/**
 * Starts a run in a process of its own.
 * @param onStep hears of every step and of its seconds
 */
export function watchRun(
  order: RunOrder,
  onStep: (step: number, seconds: number) => void = () => undefined,
): WatchedRun {
  // Options of the parent's Node, such as a condition for imports or a program to evaluate, are not the run's.
  const child = fork(program, { stdio: ["ignore", "ignore", "pipe", "ipc"], execArgv: [] });
  let isKilled = false;
  const end = outcomeOf(child, onStep, () => isKilled);
  child.send(order);
  return {
    kill() {
      isKilled = true;
      child.kill("SIGKILL");
    },
    interrupt() {
      if (child.connected) child.send(null as never);
    },
    end,
  };
}

async function outcomeOf(
  child: ChildProcess,
  onStep: (step: number, seconds: number) => void,
  isKilled: () => boolean,
): Promise<number | null> {
  let words = "";
  let last: RunMessage | null = null;
  child.stderr?.on("data", (chunk: Buffer) => (words = (words + chunk.toString()).slice(-LAST_WORDS)));
  child.on("message", (message: RunMessage) => {
    if (message.type === "step") onStep(message.step, message.seconds);
    else last = message;
  });
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (...how) => resolve(how));
  });
  const said = last as Exclude<RunMessage, { type: "step" }> | null;
  if (said?.type === "end") return said.step;
  if (said?.type === "fault") throw errorCarried(said.error);
  if (isKilled()) return null;
  throw new EndedByItselfError(phrase`the process of a run`, signal ?? code, words.trim());
}
