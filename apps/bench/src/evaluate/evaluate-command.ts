import { threefry2x32 } from "@lathe/kernels";
import { type Command, Option } from "commander";
import { median } from "../measure.js";
import { engineFlag, list, precisionFlag, saveFlag, sizeFlag, whole } from "../shared/flags.js";
import { modelSizes, type ModelSize } from "../shared/model-sizes.js";
import { type BaseFormat, baseFormats } from "../shared/random-weights.js";
import { publish } from "../shared/report.js";
import { runContestant } from "../shared/run-contestant.js";
import type { Table } from "../shared/table.js";
import { UsageError } from "../shared/usage-error.js";
import type { EvaluateJob, EvaluateOutcome } from "./evaluate-job.js";

/** Replies at one time up to which they are to be those of one at a time; products of more rows are of another kind and round otherwise. */
const MOST_EXACT = 8;
/** How many times as fast as one sequence at a time the best batch is to be. */
const LEAST_SPEED = 3;
/** Of so many ids one ends a reply: drawn evenly, replies are as long in the mean. */
const MEAN_REPLY = 48;
const PROMPT_TOKENS = 24;

interface EvaluateFlags {
  readonly engine: string;
  readonly precision: string;
  readonly size: ModelSize;
  readonly base: BaseFormat;
  readonly batches: string[];
  readonly rows: number;
  readonly tokens: number;
  readonly rounds: number;
  readonly save?: string;
}

/** Adds `bench evaluate`. */
export function addEvaluateCommand(program: Command): void {
  program
    .command("evaluate")
    .description(
      "Replies of an evaluation in batches that are refilled, beside one sequence at a time; fails where those of up to eight at a time differ or the best batch is less than three times as fast",
    )
    .addOption(engineFlag())
    .addOption(precisionFlag())
    .addOption(sizeFlag("30m"))
    .addOption(new Option("--base <format>", "weights").choices(baseFormats).default("fp32"))
    .option("--batches <counts>", "replies at one time", list, ["8", "32"])
    .option("--rows <count>", "prompts", whole(1), 64)
    .option("--tokens <count>", "tokens of a reply at most", whole(1), 128)
    .option("--rounds <times>", "times that all take their turn", whole(1), 3)
    .addOption(saveFlag())
    .action(runEvaluate);
}

/** All rounds of a batch size. */
export interface EvaluateSummary {
  readonly batchSize: number;
  /** Medians of the rounds. */
  readonly seconds: number;
  readonly processorSeconds: number;
  readonly tokens: number;
  readonly peakResidentBytes: number;
  /** Replies that are not those of one sequence at a time. */
  readonly different: number;
}

/** Sums the rounds of a batch size up. @param expected replies of one sequence at a time */
export function summariseEvaluation(
  batchSize: number,
  rounds: readonly EvaluateOutcome[],
  expected: EvaluateOutcome["replies"],
): EvaluateSummary {
  const medianOf = (numberOf: (outcome: EvaluateOutcome) => number): number => median(rounds.map(numberOf));
  const isDifferent = (ids: readonly number[], prompt: number): boolean =>
    ids.join() !== expected[prompt].join();
  return {
    batchSize,
    seconds: medianOf(({ seconds }) => seconds),
    processorSeconds: medianOf(({ processorSeconds }) => processorSeconds),
    tokens: rounds[0].tokens,
    peakResidentBytes: Math.max(...rounds.map(({ peakResidentBytes }) => peakResidentBytes)),
    different: Math.max(...rounds.map(({ replies }) => replies.filter(isDifferent).length)),
  };
}

async function runEvaluate(flags: EvaluateFlags): Promise<void> {
  const { size, base, engine, precision, rows, tokens } = flags;
  const batches = flags.batches.map((text) => {
    const count = Number(text);
    if (Number.isSafeInteger(count) && count > 1) return count;
    throw new UsageError(`--batches: expected whole numbers from 2, got ${text}`);
  });
  const { vocabularySize } = modelSizes[size];
  const drawn = (row: number, place: number): number =>
    threefry2x32([1, 2], [row, place])[0] % vocabularySize;
  const job: Omit<EvaluateJob, "batchSize"> = {
    size,
    base,
    engine,
    precision,
    maxNewTokens: tokens,
    prompts: Array.from({ length: rows }, (_, row) =>
      Array.from({ length: PROMPT_TOKENS }, (_id, place) => drawn(row, place)),
    ),
    stopIds: Array.from({ length: Math.ceil(vocabularySize / MEAN_REPLY) }, (_, at) => at * MEAN_REPLY),
  };
  const sizes = [1, ...batches];
  const outcomes = sizes.map((): EvaluateOutcome[] => []);
  for (let round = 1; round <= flags.rounds; round++) {
    for (const [place, batchSize] of sizes.entries()) {
      console.error(`${batchSize} at a time, round ${round} of ${flags.rounds} …`);
      outcomes[place].push(await runContestant<EvaluateOutcome>("evaluate", { ...job, batchSize }));
    }
  }
  const [{ replies }] = outcomes[0];
  const summaries = sizes.map((batchSize, place) => summariseEvaluation(batchSize, outcomes[place], replies));
  const speed = Math.max(...summaries.map(({ seconds }) => summaries[0].seconds / seconds));
  const exact = summaries.filter(({ batchSize }) => batchSize <= MOST_EXACT);
  const different = Math.max(...exact.map((summary) => summary.different));
  const holds = speed >= LEAST_SPEED && different === 0;
  await publish(
    {
      name: ["evaluate", size, base, ...batches].join("-"),
      title: `Replies of an evaluation, ${size} dimensions, ${base} weights, ${rows} prompts`,
      result: { engine: outcomes[0][0].engine, summaries, speed, different, holds },
      tables: [evaluateTable(summaries)],
      notes: [
        `Engine ${outcomes[0][0].engine}. Prompts of ${PROMPT_TOKENS} tokens; replies are drawn at temperature 1, end after ${MEAN_REPLY} tokens in the mean and have ${tokens} at most; where one ends, the next prompt takes its place. Medians of ${flags.rounds} rounds in turn.`,
        `The best batch is ${speed.toFixed(2)} times as fast as one sequence at a time; at least ${LEAST_SPEED} pass, and only where up to ${MOST_EXACT} at a time give the same replies. More are products of many rows, which round otherwise, in bf16 where the weights are: a drawn token is then another where the draw falls between two.`,
      ],
    },
    {
      case: "evaluate",
      options: { size, base, engine, precision, batches, rows, tokens, rounds: flags.rounds },
      python: null,
      save: flags.save,
    },
  );
  if (!holds) process.exitCode = 1;
}

/** The batch sizes side by side, one sequence at a time first. */
export function evaluateTable(summaries: readonly EvaluateSummary[]): Table {
  const [one] = summaries;
  return {
    columns: [
      "at a time",
      "tokens",
      "tokens/s",
      "speed",
      "processor s",
      "of the processor",
      "other replies",
      "peak MiB",
    ],
    rows: summaries.map((summary) => [
      String(summary.batchSize),
      String(summary.tokens),
      (summary.tokens / summary.seconds).toFixed(1),
      `${(one.seconds / summary.seconds).toFixed(2)} ×`,
      summary.processorSeconds.toFixed(1),
      `${(one.processorSeconds / summary.processorSeconds).toFixed(2)} ×`,
      String(summary.different),
      (summary.peakResidentBytes / 2 ** 20).toFixed(0),
    ]),
  };
}
