import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isMarkedDone, type LaunchedWork } from "@lathe/distributed";
import { claimsElsewhere, dropClaims, isLocked, lockWithin, statIfThere } from "@lathe/files";
import { RunFolder } from "@lathe/train";
import { stepFolders } from "../verify/step-folders.js";

/** How ranks begin that are launched for a run. */
export type RunBeginning =
  /** As whoever launched them asked for. */
  | "as-asked"
  /** On the run that an earlier launch has begun. */
  | "resume"
  /** Anew, as an earlier launch ended before it had begun the run. */
  | "anew";

/** A run that ranks are launched for. */
export interface LaunchedRunOptions {
  /** Folder of the run, which the first rank writes and this process sees. */
  readonly output: string;
  /** Whether an earlier run there is replaced, so that what lies there is none of this run's before the ranks have begun. */
  readonly overwrite: boolean;
  /** Whether the first launch goes on with a run that is there. @defaultValue false */
  readonly goesOn?: boolean | undefined;
  /** Whether the program as it was asked for goes on with a run that must be there. @defaultValue false */
  readonly resumes?: boolean | undefined;
  /** Seconds after which what ranks hold that did not let go of it is taken back, as their machine is lost. @defaultValue 60 */
  readonly settleSeconds?: number | undefined;
  /** The program that is launched, and its words. */
  readonly program: (beginning: RunBeginning) => readonly string[];
}

/** Seconds that ranks of a launcher that has ended may go on to write. */
const SETTLE_SECONDS = 60;
const LOOK_MS = 200;

/**
 * A run as the work that `keepLaunched` launches ranks for: what its folder says of how far it is.
 * @throws RunFolderError, LockedError, FileError where no run can begin there
 */
export async function launchedRun({
  output,
  overwrite,
  goesOn = false,
  resumes = false,
  settleSeconds = SETTLE_SECONDS,
  program,
}: LaunchedRunOptions): Promise<LaunchedWork> {
  const identity = async (): Promise<string | null> => {
    const found = await statIfThere(join(output, "config.json"));
    return found && `${found.ino} ${found.mtimeMs}`;
  };
  const replaced = overwrite ? await identity() : null;
  const isBegun = async (): Promise<boolean> => {
    const now = await identity();
    return now !== null && now !== replaced;
  };
  // A run of somebody else's that lies there would be taken for what an earlier launch has begun.
  if (!resumes && !(goesOn && (await isBegun()))) await RunFolder.checkFree(output, { overwrite });
  const lock = lockWithin(output);
  /** Claims on the run that were there before a launch, and so are none of its ranks. */
  let ofOthers: readonly string[] = [];
  return {
    async program(isAgain) {
      ofOthers = await claimsElsewhere(lock);
      const isThere = (isAgain || goesOn) && (await isBegun());
      return program(isThere ? "resume" : isAgain ? "anew" : "as-asked");
    },
    newestStep: async () => ((await isBegun()) ? ((await stepFolders(output)).at(-1) ?? null) : null),
    isDone: (launch) => isMarkedDone(output, launch),
    async settle(signal) {
      const began = performance.now();
      while ((await isLocked(lock)) && performance.now() - began < settleSeconds * 1000) {
        if (signal?.aborted) return;
        await sleep(LOOK_MS);
      }
      const lost = (await claimsElsewhere(lock)).filter((claim) => !ofOthers.includes(claim));
      await dropClaims(lock, lost);
    },
  };
}
