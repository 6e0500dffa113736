import { fileURLToPath } from "node:url";
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

/** Runs a case of Lathe's in a process of its own. @throws ContestantError */
export async function runContestant<Outcome>(name: string, job: object): Promise<Outcome & Started> {
  return await withJobFile(job, async (path) => {
    const { code, startedAt, stdout } = await runProcess(process.execPath, [entry, name, path], {
      stderr: "inherit",
    });
    const outcome = lastJsonObject(stdout);
    if (code !== 0 || outcome === null) throw new ContestantError(code === 0 || code === null ? 1 : code);
    return { ...outcome, startedAt } as Outcome & Started;
  });
}
