import { type Command, Option } from "commander";
import { bf16Folder } from "../load/model-folders.js";
import { cacheFlag, cacheFolder, engineFlag, saveFlag, sizeFlag, whole } from "../shared/flags.js";
import type { ModelSize } from "../shared/model-sizes.js";
import { publish } from "../shared/report.js";
import { runContestant } from "../shared/run-contestant.js";
import type { AnswerJob, AnswerOutcome, Lateness } from "./answer-job.js";

/** Milliseconds that a timer in a hundred may be late, while a run is in a thread of the process. */
const P99_LIMIT = 20;

interface AnswerFlags {
  readonly engine: string;
  readonly size: ModelSize;
  readonly quantize: AnswerJob["quantize"];
  readonly batch: number;
  readonly sequence: number;
  readonly steps: number;
  readonly cache: string;
  readonly save?: string;
}

/** Adds `bench answer`. */
export function addAnswerCommand(program: Command): void {
  program
    .command("answer")
    .description(
      `How late a program is that trains in a thread; fails where a timer in a hundred is ${P99_LIMIT} ms late`,
    )
    .addOption(engineFlag())
    .addOption(sizeFlag("0.5b"))
    .addOption(new Option("--quantize <format>", "frozen weights").choices(["none", "int8"]).default("int8"))
    .option("--batch <rows>", "rows a step", whole(1), 2)
    .option("--sequence <tokens>", "tokens a row", whole(2), 256)
    .option("--steps <count>", "optimiser steps that are watched", whole(1), 3)
    .addOption(cacheFlag())
    .addOption(saveFlag())
    .action(runAnswer);
}

const row = (what: string, { median, p99, most, count }: Lateness): string[] => [
  what,
  ...[median, p99, most].map((milliseconds) => milliseconds.toFixed(1)),
  String(count),
];

async function runAnswer(flags: AnswerFlags): Promise<void> {
  const { save, cache: _cache, ...job } = flags;
  const model = await bf16Folder(await cacheFolder(flags), job.size);
  const outcome = await runContestant<AnswerOutcome>("answer", { ...job, model } satisfies AnswerJob);
  const { engine, idle, training, secondsPerStep } = outcome;
  const passed = training.p99 < P99_LIMIT;
  await publish(
    {
      name: `answer-${job.size}-${job.quantize}`,
      title: `Lateness of a program that trains in a thread, ${job.size} dimensions, ${job.batch} × ${job.sequence} tokens a step`,
      result: { outcome, passed },
      tables: [
        {
          columns: ["main thread", "median ms", "99 % ms", "most ms", "timers"],
          rows: [row("idle", idle), row("beside a run", training)],
        },
      ],
      notes: [
        `Engine ${engine}, ${secondsPerStep.toFixed(1)} s a step, ${job.steps} steps. A timer of 1 ms is watched by monitorEventLoopDelay; late is what exceeds it.`,
      ],
    },
    { case: "answer", options: job, python: null, save },
  );
  if (!passed) process.exitCode = 1;
}
