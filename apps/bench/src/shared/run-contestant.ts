import { fileURLToPath } from "node:url";
import { findLauncher, launchCommand } from "@lathe/distributed";
import { withJobFile } from "./job-file.js";
import { lastJsonObject, runProcess } from "./run-process.js";

const entry = fileURLToPath(new URL("../contestant.js", import.meta.url));

/** Lathe's process ended otherwise than well, and has said on stderr why. */
export class ContestantError extends Error {
  override readonly name = "ContestantError";
  constructor(readonly exitCode: number) {
    super(`Lathe's process ended with code ${exitCode}`);
  }
}

/** When a process was started, in milliseconds since 1970. */
export interface Started {
  readonly startedAt: number;
}

/**
 * Runs a case of Lathe's in a process of its own, or in several with a thread each that Open MPI launches and of which one tells the outcome.
 * @throws ContestantError, LaunchError
 */
export async function runContestant<Outcome>(
  name: string,
  job: object,
  ranks = 1,
): Promise<Outcome & Started> {
  return await withJobFile(job, async (path) => {
    const [file, words] = await commandOf([process.execPath, entry, name, path], ranks);
    const { code, startedAt, stdout } = await runProcess(file, words, { stderr: "inherit" });
    const outcome = lastJsonObject(stdout);
    if (code !== 0 || outcome === null) throw new ContestantError(code === 0 || code === null ? 1 : code);
    return { ...outcome, startedAt } as Outcome & Started;
  });
}

async function commandOf(program: readonly string[], ranks: number): Promise<[string, readonly string[]]> {
  if (ranks === 1) return [program[0], program.slice(1)];
  const { file, words } = launchCommand(await findLauncher("openmpi"), {
    ranks,
    hosts: null,
    interface: null,
    remoteShell: null,
    variables: [],
    program: ["env", "LATHE_THREADS=1", ...program],
    isRoot: process.getuid?.() === 0,
  });
  return [file, words];
}
