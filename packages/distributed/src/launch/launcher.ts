import { execFile } from "node:child_process";
import { phrase } from "@lathe/files";
import type { MpiMake } from "../mpi/mpi-make.js";
import { LaunchError } from "./launch-error.js";

/** Programs that start ranks: `mpirun` of Open MPI, that of MPICH, Slurm's `srun`. */
export const launcherNames = ["openmpi", "mpich", "srun"] as const;

/** One of {@link launcherNames}. */
export type LauncherName = (typeof launcherNames)[number];

/** A launcher that is installed. */
export interface Launcher {
  readonly name: LauncherName;
  /** What is started, as the path finds it. */
  readonly file: string;
  /** As the launcher says it, e.g. `4.1.4`. */
  readonly version: string;
}

/** Whose library ranks of a launcher load; `srun` serves Open MPI by PMIx. */
export const makeOfLauncher: Readonly<Record<LauncherName, MpiMake>> = {
  openmpi: "Open MPI",
  mpich: "MPICH",
  srun: "Open MPI",
};

/** Variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Names under which systems have them; what is simply called mpirun may be either. */
const files: Readonly<Record<LauncherName, readonly string[]>> = {
  openmpi: ["mpirun.openmpi", "mpirun"],
  mpich: ["mpirun.mpich", "mpiexec.hydra", "mpirun"],
  srun: ["srun"],
};

/** What each says of itself. */
const says: Readonly<Record<LauncherName, RegExp>> = {
  // Under other names than mpirun it calls itself after its daemons.
  openmpi: /\((?:Open MPI|OpenRTE)\)\s+(\S+)/,
  mpich: /HYDRA build details[^]*?Version:\s+(\S+)/,
  srun: /^slurm\S*\s+(\S+)/m,
};

const packages: Readonly<Record<LauncherName, string>> = {
  openmpi: "openmpi-bin",
  mpich: "mpich",
  srun: "slurm-client",
};

/** Milliseconds that a launcher may take to say its version. */
const ANSWER_MS = 20_000;

/**
 * Finds what starts ranks here: within an allocation of Slurm `srun`, else Open MPI, else MPICH.
 * @param wanted the one to find; null for the first that is there
 * @throws LaunchError that says what to install
 */
export async function findLauncher(
  wanted: LauncherName | null = null,
  environment: Environment = process.env,
): Promise<Launcher> {
  const isInSlurm = environment["SLURM_JOB_ID"] !== undefined;
  const names: readonly LauncherName[] =
    wanted !== null ? [wanted] : isInSlurm ? ["srun", "openmpi", "mpich"] : ["openmpi", "mpich"];
  for (const name of names) {
    for (const file of files[name]) {
      const [, version] = says[name].exec(await versionText(file, environment)) ?? [];
      if (version !== undefined) return { name, file, version };
    }
  }
  const looked = names.flatMap((name) => files[name]);
  const install = `apt-get install ${packages[names[0]]}`;
  throw new LaunchError(
    "launcher",
    phrase`no launcher is found: expected one of ${[...new Set(looked)].join(", ")} on the path; on Debian and Ubuntu: ${install}`,
  );
}

/** What a program says to `--version`; nothing where it is not there. */
async function versionText(file: string, environment: Environment): Promise<string> {
  return await new Promise((resolve) => {
    const options = { env: { ...environment }, timeout: ANSWER_MS, maxBuffer: 1_000_000 };
    execFile(file, ["--version"], options, (error, stdout) => {
      resolve(error ? "" : stdout);
    });
  });
}
