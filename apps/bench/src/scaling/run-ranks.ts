import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { isRecord, parseJson } from "@lathe/files";
import { withJobFile } from "../shared/job-file.js";
import { runProcess } from "../shared/run-process.js";
import { UsageError } from "../shared/usage-error.js";
import type { ScalingJob, ScalingOutcome } from "./scaling-job.js";

const entry = fileURLToPath(new URL("../contestant.js", import.meta.url));

/**
 * Takes the steps of a job on some ranks, each with one thread; several are launched by Open MPI.
 * @returns what the first rank saw
 * @throws UsageError where there are fewer cores, or no launcher
 */
export async function runRanks(job: ScalingJob, ranks: number): Promise<ScalingOutcome> {
  if (ranks > cpus().length) {
    throw new UsageError(`--ranks: expected at most the ${cpus().length} cores, got ${ranks}`);
  }
  const launcher = ["--allow-run-as-root", "--bind-to", "none", "--mca", "pml", "ob1", "-n", String(ranks)];
  return await withJobFile(job, async (path) => {
    const node = ["env", "LATHE_THREADS=1", process.execPath, entry, "scaling", path];
    const [program, ...args] = ranks === 1 ? node : ["mpirun.openmpi", ...launcher, ...node];
    const ended = await runProcess(program, args, { stderr: "inherit" }).catch((cause: unknown) => {
      throw new UsageError(
        `--ranks: ${program} does not start; on Debian and Ubuntu: apt-get install openmpi-bin`,
        {
          cause,
        },
      );
    });
    for (const line of ended.stdout.split("\n")) {
      if (!line.startsWith("{")) continue;
      const outcome = parseJson(line);
      if (isRecord(outcome) && outcome["rank"] === 0) return outcome as unknown as ScalingOutcome;
    }
    throw new UsageError(`the steps of ${ranks} ranks ended with code ${ended.code} and without a result`);
  });
}
