import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { threefry2x32 } from "@lathe/kernels";
import { type Command, Option } from "commander";
import { cacheFlag, cacheFolder, engineFlag, saveFlag, whole } from "../shared/flags.js";
import { publish } from "../shared/report.js";
import { runContestant } from "../shared/run-contestant.js";
import type { Table } from "../shared/table.js";
import { scaledR1Config, scaledR1Folder } from "./scaled-r1-folder.js";
import type { StreamedPlanOutcome } from "./streamed-plan-job.js";

/** Share by which the plan may miss what is measured. */
const TOLERANCE = 0.15;

interface StreamedPlanFlags {
  readonly engine: string;
  readonly base: "bf16" | "int8" | "nf4";
  readonly rows: number;
  readonly sequence: number;
  readonly steps: number;
  readonly cache: string;
  readonly save?: string;
}

/** Adds `bench streamed-plan`. */
export function addStreamedPlanCommand(program: Command): void {
  program
    .command("streamed-plan")
    .description(
      `Time and bytes that steps are planned to take whose weights stay on disk, beside what they take, of a model with DeepSeek-R1's layers in small; fails where one is off by more than ${TOLERANCE * 100} %`,
    )
    .addOption(engineFlag())
    .addOption(
      new Option("--base <format>", "frozen weights").choices(["bf16", "int8", "nf4"]).default("bf16"),
    )
    .option("--rows <count>", "micro-batches of a row a step", whole(1), 8)
    .option("--sequence <tokens>", "tokens a row", whole(2), 256)
    .option("--steps <count>", "steps of the run, the first of which warms up", whole(4), 5)
    .addOption(cacheFlag())
    .addOption(saveFlag())
    .action(runStreamedPlan);
}

async function runStreamedPlan(flags: StreamedPlanFlags): Promise<void> {
  const { engine, base, rows, sequence, steps, save } = flags;
  const cache = await cacheFolder(flags);
  const model = await scaledR1Folder(cache, base);
  const data = Array.from({ length: rows }, (_, row) => {
    const ids = Array.from(
      { length: sequence },
      (_unused, i) => threefry2x32([7, row], [0, i])[0] % scaledR1Config.vocab_size,
    );
    return { input_ids: ids, labels: ids };
  });
  const outcome = await runContestant<StreamedPlanOutcome>("streamed-plan", {
    options: {
      model,
      data,
      engine,
      stream: true,
      train: { batchSize: 1, gradientAccumulation: rows, epochs: steps },
    },
    files: (await readdir(model))
      .filter((name) => name.endsWith(".safetensors"))
      .map((name) => join(model, name)),
  });
  const compared = streamedComparison(outcome);
  const passed = compared.every(({ off }) => Math.abs(off) <= TOLERANCE);
  await publish(
    {
      name: `streamed-plan-${base}-${rows}x${sequence}`,
      title: `What steps of ${rows} × ${sequence} tokens are planned to take whose weights stay on disk, and what they take: DeepSeek-R1's layers in small, ${base} weights`,
      result: { ...outcome, compared, passed },
      tables: [streamedPlanTable(compared)],
      notes: [
        `Engine ${outcome.engine} (${outcome.engineDescription}), products in ${outcome.precision}. A plain read of the same files reached ${(outcome.bytesPerSecond / 1e9).toFixed(2)} GB/s.`,
      ],
    },
    { case: "streamed-plan", options: { ...flags, save: undefined }, python: null, save },
  );
  if (!passed) process.exitCode = 1;
}

/** Something planned beside what was measured. */
export interface Compared {
  readonly what: string;
  readonly planned: number;
  readonly measured: number;
  /** Planned by measured, less 1. */
  readonly off: number;
}

/** Bytes and seconds of a step by the plan, and seconds of those after the third by the plan as three steps have corrected it. */
export function streamedComparison(
  outcome: Pick<StreamedPlanOutcome, "plan" | "secondsPerStep" | "bytesPerStep" | "corrected">,
): Compared[] {
  const { plan, secondsPerStep, bytesPerStep, corrected } = outcome;
  const compare = (what: string, planned: number, measured: number): Compared => ({
    what,
    planned,
    measured,
    off: planned / measured - 1,
  });
  return [
    compare("bytes a step", plan.bytesPerStep, bytesPerStep),
    compare("seconds a step", plan.pace!.secondsPerStep, secondsPerStep),
    ...(corrected
      ? [
          compare(
            "seconds of a later step, corrected",
            corrected.plannedSecondsPerStep,
            corrected.secondsPerStep,
          ),
        ]
      : []),
  ];
}

/** Plan and measurement, a line each. */
export function streamedPlanTable(compared: readonly Compared[]): Table {
  return {
    columns: ["", "planned", "measured", "off"],
    rows: compared.map(({ what, planned, measured, off }) => [
      what,
      planned.toPrecision(4),
      measured.toPrecision(4),
      `${off < 0 ? "" : "+"}${(100 * off).toFixed(1)} %`,
    ]),
  };
}
