import { LOCK_NAME } from "@lathe/files";
import { DONE_FILE } from "../launch/done-file.js";
import { slurmEnvironment, srunFlags } from "../launch/launch-command.js";
import { checkClusterPlan, type ClusterFiles, type ClusterPlan } from "./cluster-plan.js";

/** Seconds before the end of its time in which a job's ranks are asked to write a checkpoint. */
const WARNING_SECONDS = 600;

/**
 * A batch script for Slurm: one rank a node by PMIx, a checkpoint before the time runs out, and again into the queue until the first rank
 * has marked the run as done.
 * @throws LaunchError
 */
export function slurmFiles(plan: ClusterPlan): ClusterFiles {
  checkClusterPlan(plan);
  const { name, ranks, cores, memoryGb, hours, restarts, words, output } = plan;
  const settings = Object.entries(slurmEnvironment(plan)).map(
    ([variable, value]) => `export ${variable}=${shellWord(value)}`,
  );
  const lines = [
    "#!/bin/bash",
    `#SBATCH --job-name=${name}`,
    `#SBATCH --ntasks=${ranks} --ntasks-per-node=1 --cpus-per-task=${cores}`,
    `#SBATCH --mem=${memoryGb}G --time=${hours}:00:00`,
    `#SBATCH --requeue --open-mode=append --signal=TERM@${WARNING_SECONDS}`,
    "",
    `run=${shellWord(output)}`,
    "# A run that an earlier start has begun goes on.",
    "how=()",
    '[ -f "$run/config.json" ] && how=(--resume)',
    `rm -f "$run/${DONE_FILE}"`,
    "# No rank of an earlier start of this job runs any more, whatever it has left behind on a node that was lost.",
    `[ "\${SLURM_RESTART_COUNT:-0}" -gt 0 ] && rm -rf "$run/${LOCK_NAME}"`,
    ...settings,
    `srun ${srunFlags.join(" ")} lathe ${words.map(shellWord).join(" ")} "\${how[@]}"`,
    "code=$?",
    "# Exit codes do not say that a run is done, its first rank does; code 2 is input at fault.",
    `[ -f "$run/${DONE_FILE}" ] && exit 0`,
    `if [ "$code" -ne 2 ] && [ "\${SLURM_RESTART_COUNT:-0}" -lt ${restarts} ]; then`,
    '  scontrol requeue "$SLURM_JOB_ID"',
    "fi",
    'exit "$code"',
  ];
  return { "train.sbatch": `${lines.join("\n")}\n` };
}

/** A word as a shell reads it back. */
export const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
