import { type Command, Option } from "commander";
import { summarise } from "../measure.js";
import { engineFlag, list, precisionFlag, saveFlag, sizeFlag, whole } from "../shared/flags.js";
import { modelSizes, type ModelSize } from "../shared/model-sizes.js";
import { type BaseFormat, baseFormats } from "../shared/random-weights.js";
import { publish } from "../shared/report.js";
import { runContestant } from "../shared/run-contestant.js";
import { UsageError } from "../shared/usage-error.js";
import { randomBatch } from "../train/batches.js";
import type { LatheTrainJob, LatheTrainOutcome } from "../train/train-job.js";

/** How much slower than the fastest a size of micro-batches may be. */
const LIMIT = 0.05;

interface MicroBatchesFlags {
  readonly engine: string;
  readonly precision: string;
  readonly size: ModelSize;
  readonly base: BaseFormat;
  readonly rows: number;
  readonly microBatches: string[];
  readonly sequence: number;
  readonly repeats: number;
  readonly rounds: number;
  readonly save?: string;
}

/** Adds `bench micro-batches`. */
export function addMicroBatchesCommand(program: Command): void {
  program
    .command("micro-batches")
    .description(
      `Speed of the same step in micro-batches of several sizes; fails where one is ${LIMIT * 100} % slower than the fastest`,
    )
    .addOption(engineFlag())
    .addOption(precisionFlag())
    .addOption(sizeFlag("mini"))
    .addOption(new Option("--base <format>", "frozen weights").choices(baseFormats).default("int8"))
    .option("--rows <count>", "rows a step, whatever the micro-batches", whole(1), 16)
    .option("--micro-batches <rows>", "rows of a micro-batch, by size", list, ["1", "2", "4", "8", "16"])
    .option("--sequence <tokens>", "tokens a row", whole(2), 256)
    .option("--repeats <steps>", "steps measured a round", whole(1), 5)
    .option("--rounds <times>", "times that all sizes take their turn", whole(1), 3)
    .addOption(saveFlag())
    .action(runMicroBatches);
}

async function runMicroBatches(flags: MicroBatchesFlags): Promise<void> {
  const { save, microBatches, rounds, rows, sequence, ...common } = flags;
  const sizes = microBatches.map((text) => {
    const size = Number(text);
    if (Number.isSafeInteger(size) && size > 0 && rows % size === 0) return size;
    throw new UsageError(`--micro-batches: expected sizes that divide ${rows} rows, got ${text}`);
  });
  const { vocabularySize } = modelSizes[flags.size];
  const batch = randomBatch(rows, sequence, 0, vocabularySize);
  const times = sizes.map((size) => ({ size, seconds: [] as number[], losses: [] as number[] }));
  let facts: LatheTrainOutcome | null = null;
  for (let round = 1; round <= rounds; round++) {
    console.error(`round ${round} of ${rounds} …`);
    for (const one of times) {
      const job: LatheTrainJob = {
        ...common,
        targets: ["q_proj", "v_proj"],
        rank: 16,
        alpha: 32,
        learningRate: 3e-5,
        warmUp: 1,
        checkpointing: "none",
        memory: null,
        batches: [batch],
        microBatch: one.size,
      };
      facts = await runContestant<LatheTrainOutcome>("train", job);
      one.seconds.push(...facts.steps.map(({ seconds }) => seconds));
      one.losses.push(facts.firstLoss);
    }
  }
  const measured = times.map(({ size, seconds, losses }) => ({
    microBatch: size,
    step: summarise(seconds, 1),
    firstLoss: losses[0],
  }));
  const fastest = Math.min(...measured.map(({ step }) => step.median));
  const slowdown = Math.max(...measured.map(({ step }) => step.median)) / fastest - 1;
  const passed = slowdown <= LIMIT;
  await publish(
    {
      name: `micro-batches-${flags.size}-${flags.base}-${rows}x${sequence}`,
      title: `Steps of ${rows} × ${sequence} tokens in micro-batches of several sizes, ${flags.size} dimensions, ${flags.base} base`,
      result: { engine: facts!.engine, precision: facts!.precision, measured, slowdown, passed },
      tables: [
        {
          columns: ["rows a micro-batch", "tokens/s", "±", "of the fastest", "first loss"],
          rows: measured.map(({ microBatch, step, firstLoss }) => [
            String(microBatch),
            ((rows * sequence) / step.median).toFixed(0),
            `${(100 * step.spread).toFixed(1)} %`,
            `${((100 * fastest) / step.median).toFixed(1)} %`,
            firstLoss.toFixed(5),
          ]),
        },
      ],
      notes: [`Engine ${facts!.engine} (${facts!.engineDescription}), products in ${facts!.precision}.`],
    },
    { case: "micro-batches", options: { ...flags, save: undefined }, python: null, save },
  );
  if (!passed) process.exitCode = 1;
}
