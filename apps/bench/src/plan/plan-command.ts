import { planRun } from "@lathe/recipes";
import { type Command, Option } from "commander";
import { cacheFlag, cacheFolder, engineFlag, saveFlag } from "../shared/flags.js";
import { publish } from "../shared/report.js";
import { runContestant } from "../shared/run-contestant.js";
import type { Table } from "../shared/table.js";
import type { PlanComparison, PlannedOutcome } from "./plan-job.js";
import { plannedRun, plannedRunNames } from "./planned-runs.js";

/** Share by which the planned memory may miss the measured peak. */
export const MEMORY_TOLERANCE = 0.1;

interface PlanFlags {
  readonly engine: string;
  readonly runs: readonly string[];
  readonly cache: string;
  readonly save?: string;
}

/** Adds `bench plan`. */
export function addPlanCommand(program: Command): void {
  program
    .command("plan")
    .description(
      "Memory and time that runs are planned to take, beside what they take; fails where memory is off by more than 10 %",
    )
    .addOption(engineFlag())
    .addOption(
      new Option("--runs <names...>", "which runs").choices(plannedRunNames).default([...plannedRunNames]),
    )
    .addOption(cacheFlag())
    .addOption(saveFlag())
    .action(runPlan);
}

async function runPlan(flags: PlanFlags): Promise<void> {
  const { engine, runs, save } = flags;
  const folder = await cacheFolder(flags);
  const compared: PlanComparison[] = [];
  for (const name of runs) {
    console.error(`${name} …`);
    const { options, ranks } = await plannedRun(name, engine, folder);
    const measured = await runContestant<PlannedOutcome>("plan", { options, ranks }, ranks);
    const { terms, totalBytes, secondsPerStep } = await planRun({ ...options, ranks });
    compared.push({
      name,
      terms,
      plannedBytes: totalBytes,
      plannedSeconds: secondsPerStep,
      ...measured,
      memoryError: totalBytes / measured.peakResidentBytes - 1,
      timeError: secondsPerStep / measured.secondsPerStep - 1,
    });
  }
  const passed = compared.every(({ memoryError }) => Math.abs(memoryError) <= MEMORY_TOLERANCE);
  await publish(
    {
      name: "plan",
      title: "What runs are planned to take, and what they take",
      result: { runs: compared, passed },
      tables: [planTable(compared)],
      notes: [
        `Engine ${compared[0].engine} (${compared[0].engineDescription}), products in ${compared[0].precision}. Every run is a process of its own; seconds are the median step after the first.`,
      ],
    },
    { case: "plan", options: { engine, runs }, python: null, save },
  );
  if (!passed) process.exitCode = 1;
}

/** Plans beside measured runs, a line each. */
export function planTable(runs: readonly PlanComparison[]): Table {
  const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
  const percent = (share: number): string => `${share < 0 ? "" : "+"}${(share * 100).toFixed(1)} %`;
  return {
    columns: ["run", "planned MiB", "peak MiB", "off", "tensors MiB", "planned s", "measured s", "off"],
    rows: runs.map((run) => [
      run.name,
      mebibytes(run.plannedBytes),
      mebibytes(run.peakResidentBytes),
      percent(run.memoryError),
      mebibytes(run.peakTensorBytes),
      run.plannedSeconds.toPrecision(2),
      run.secondsPerStep.toPrecision(2),
      percent(run.timeError),
    ]),
  };
}
