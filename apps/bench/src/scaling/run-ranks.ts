import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { findLauncher, launchCommand, type LaunchPlan } from "@lathe/distributed";
import { isRecord, parseJson } from "@lathe/files";
import { runProcess } from "../shared/run-process.js";
import { UsageError } from "../shared/usage-error.js";
import type { ScalingJob, ScalingOutcome } from "./scaling-job.js";

const entry = fileURLToPath(new URL("../contestant.js", import.meta.url));

/** Where ranks are: on which machines, if not all on this one, and by what they are reached. */
export type RankPlaces = Pick<LaunchPlan, "hosts" | "interface" | "remoteShell">;

/**
 * Takes the steps of a job on some ranks, each with one thread; several are launched by Open MPI.
 * @returns what the first rank saw
 * @throws UsageError where there are fewer cores, LaunchError where there is no launcher
 */
export async function runRanks(job: ScalingJob, ranks: number, places: RankPlaces): Promise<ScalingOutcome> {
  if (job.cores > cpus().length) {
    throw new UsageError(`--cores: expected at most the ${cpus().length} cores, got ${job.cores}`);
  }
  // Other machines do not see files of this one.
  const jobText = Buffer.from(JSON.stringify(job)).toString("base64url");
  const program = ["env", "LATHE_THREADS=1", process.execPath, entry, "scaling", jobText];
  const ended = await runProcess(...(await commandOf(program, ranks, places)), { stderr: "inherit" });
  for (const line of ended.stdout.split("\n")) {
    if (!line.startsWith("{")) continue;
    const outcome = parseJson(line);
    if (isRecord(outcome) && outcome["rank"] === 0) return outcome as unknown as ScalingOutcome;
  }
  throw new UsageError(`the steps of ${ranks} ranks ended with code ${ended.code} and without a result`);
}

async function commandOf(
  program: readonly string[],
  ranks: number,
  places: RankPlaces,
): Promise<[string, readonly string[]]> {
  if (ranks === 1) return [program[0], program.slice(1)];
  const plan = { ...places, ranks, variables: [], program, isRoot: process.getuid?.() === 0 };
  const { file, words } = launchCommand(await findLauncher("openmpi"), plan);
  return [file, words];
}
