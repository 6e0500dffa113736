import { fileURLToPath } from "node:url";
import { withJobFile } from "./job-file.js";
import type { Started } from "./run-contestant.js";
import { lastLine, type PeerPython } from "./python.js";
import { lastJsonObject, type ProcessEnd, runProcess } from "./run-process.js";

/** What a peer did, or why it did not. */
export type PeerOutcome<Outcome> = { readonly outcome: Outcome & Started } | { readonly failure: string };

/** Reads how a peer's process ended. @param seconds it had */
export function peerOutcome<Outcome>(end: ProcessEnd, seconds: number): PeerOutcome<Outcome> {
  if (end.timedOut) {
    const progress = lastJsonObject(end.stdout);
    const done = progress === null ? "" : ` (${String(progress["step"])} of ${String(progress["of"])} steps)`;
    return { failure: `not done after ${seconds} s${done}` };
  }
  if (end.signal !== null) return { failure: `ended by ${end.signal}, often for want of memory` };
  if (end.code !== 0) return { failure: lastLine(end.stderr) || `ended with code ${end.code}` };
  const outcome = lastJsonObject(end.stdout);
  if (outcome === null) return { failure: "printed no result" };
  return { outcome: { ...outcome, startedAt: end.startedAt } as Outcome & Started };
}

/**
 * Runs one of the scripts in `peer/` in a process of its own.
 * @param script file name   @param timeout seconds after which the peer is ended
 */
export async function runPeer<Outcome>(
  python: PeerPython,
  script: string,
  job: object,
  timeout: number,
): Promise<PeerOutcome<Outcome>> {
  const path = fileURLToPath(new URL(`../../peer/${script}`, import.meta.url));
  return await withJobFile({ ...job, timeout }, async (file) =>
    peerOutcome<Outcome>(await runProcess(python.path, [path, file], { timeout }), timeout),
  );
}
