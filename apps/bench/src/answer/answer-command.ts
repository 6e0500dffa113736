import { type Command, Option } from "commander";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { bf16Folder } from "../load/model-folders.js";
import { whole } from "../shared/flags.js";
import { modelSizeNames, type ModelSize } from "../shared/model-sizes.js";
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
    .option("--engine <name>", "what computes", "auto")
    .addOption(new Option("--size <size>", "model dimensions").choices(modelSizeNames).default("0.5b"))
    .addOption(new Option("--quantize <format>", "frozen weights").choices(["none", "int8"]).default("int8"))
    .option("--batch <rows>", "rows a step", whole(1), 2)
    .option("--sequence <tokens>", "tokens a row", whole(2), 256)
    .option("--steps <count>", "optimiser steps that are watched", whole(1), 3)
    .option("--cache <folder>", "where model folders are kept", join(tmpdir(), "lathe-bench-models"))
    .option("--save <folder>", "keep the result there, as JSON and as a page")
    .action(async (flags: AnswerFlags) => {
      await runAnswer(flags, process.argv.slice(3));
    });
}

const row = (what: string, { median, p99, most, count }: Lateness): string[] => [
  what,
  ...[median, p99, most].map((milliseconds) => milliseconds.toFixed(1)),
  String(count),
];

async function runAnswer(flags: AnswerFlags, words: readonly string[]): Promise<void> {
  const { save, cache, ...job } = flags;
  await mkdir(resolve(cache), { recursive: true });
  const model = await bf16Folder(resolve(cache), job.size);
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
    { case: "answer", words, options: job, python: null, save },
  );
  if (!passed) process.exitCode = 1;
}
