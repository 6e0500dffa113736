import { cpus } from "node:os";
import { type Host, LaunchError, parseHosts } from "@lathe/distributed";
import { type Command, InvalidArgumentError, Option } from "commander";
import { median } from "../measure.js";
import { engineFlag, saveFlag, sizeFlag, whole } from "../shared/flags.js";
import type { ModelSize } from "../shared/model-sizes.js";
import { type BaseFormat, baseFormats } from "../shared/random-weights.js";
import { publish } from "../shared/report.js";
import type { Table } from "../shared/table.js";
import { type RankPlaces, runRanks } from "./run-ranks.js";
import type { RankStep, ScalingJob, ScalingOutcome } from "./scaling-job.js";
import { type Link, predictStep, type StepConstants } from "./scaling-model.js";

interface ScalingFlags {
  readonly engine: string;
  readonly size: ModelSize;
  readonly base: BaseFormat;
  readonly ranks: number;
  readonly cores: number;
  readonly hosts?: readonly Host[];
  readonly interface?: string;
  readonly remoteShell?: string;
  readonly tokens: number;
  readonly microBatches: number;
  readonly rank: number;
  readonly warmUp: number;
  readonly repeats: number;
  readonly predictedMicroBatches: number;
  readonly secondsPerMicroBatch?: number;
  readonly gradientBytes: number;
  readonly save?: string;
}

/** Ranks for which a step is told by arithmetic. */
const PREDICTED_RANKS = [2, 4, 8, 64];

/** Calls of a step of LoRA: its sizes, its losses, how fast ranks were, which gradients there are, and the gradients. */
const CALLS = 5;

/** What home and office have between machines, as its makers name it; a call is some round trips of a switch. */
const networks: Readonly<Record<string, Link>> = {
  "1 Gbit/s": { bytesPerSecond: 117e6, secondsPerCall: 1e-3 },
  "10 Gbit/s": { bytesPerSecond: 1.17e9, secondsPerCall: 1e-3 },
};

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) {
    throw new InvalidArgumentError(`expected a number above 0, got ${text}`);
  }
  return value;
}

function hosts(text: string): readonly Host[] {
  try {
    return parseHosts(text);
  } catch (error) {
    if (error instanceof LaunchError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}

/** Adds `bench scaling`. */
export function addScalingCommand(program: Command): void {
  program
    .command("scaling")
    .description(
      "LoRA steps on several ranks of one core each beside one rank of one core, and by arithmetic on 2 to 64 ranks over networks",
    )
    .addOption(engineFlag())
    .addOption(sizeFlag("0.5b"))
    .addOption(new Option("--base <format>", "frozen weights").choices(baseFormats).default("int8"))
    .option("--ranks <ranks>", "ranks beside the one", whole(2), 2)
    .option("--cores <cores>", "cores that ranks are put on, one after the other", whole(1), cpus().length)
    .option("--hosts <a:n,b:n>", "machines that ranks are on, as in `lathe dist run`", hosts)
    .option("--interface <name>", "network between them")
    .option("--remote-shell <command>", "what starts a program on another machine")
    .option("--tokens <tokens>", "tokens of a micro-batch, one row", whole(2), 256)
    .option("--micro-batches <number>", "of a step, shared by the ranks", whole(1), 8)
    .option("--rank <rank>", "of the adapter", whole(1), 16)
    .option("--warm-up <steps>", "steps before the clock counts", whole(0), 1)
    .option("--repeats <steps>", "steps measured", whole(1), 3)
    .option("--predicted-micro-batches <number>", "of a step, in the arithmetic", whole(1), 64)
    .option(
      "--seconds-per-micro-batch <seconds>",
      "measure nothing: the arithmetic alone, with this",
      positive,
    )
    .option("--gradient-bytes <bytes>", "with it: bytes of the gradients", positive, 4.3e6)
    .addOption(saveFlag())
    .action(runScaling);
}

async function runScaling(flags: ScalingFlags): Promise<void> {
  const { save, ...options } = flags;
  const outcomes = flags.secondsPerMicroBatch === undefined ? await measured(flags) : [];
  const constants: StepConstants = {
    secondsPerMicroBatch: flags.secondsPerMicroBatch ?? medianOf(outcomes[0], "seconds") / flags.microBatches,
    microBatches: flags.predictedMicroBatches,
    gradientBytes: outcomes[0]?.gradientBytes ?? flags.gradientBytes,
    calls: CALLS,
  };
  const links = { ...(outcomes[1]?.link ? { "this machine": outcomes[1].link } : {}), ...networks };
  const predicted = Object.entries(links).flatMap(([link, each]) =>
    PREDICTED_RANKS.map((ranks) => ({ link, ...predictStep(constants, each, ranks) })),
  );
  await publish(
    {
      name: `scaling-${flags.size}-${flags.ranks}`,
      title: `LoRA steps on ranks of one core each, ${flags.size} dimensions`,
      result: { outcomes, constants, links, predicted },
      tables: [
        ...(outcomes.length > 0 ? [measuredTable(outcomes, flags, constants)] : []),
        {
          columns: ["link", "ranks", "s a step", "collective", "times one rank"],
          rows: predicted.map(({ link, ranks, seconds, collectiveSeconds, speedUp }) => [
            link,
            String(ranks),
            seconds.toFixed(2),
            `${((100 * collectiveSeconds) / seconds).toFixed(2)} %`,
            speedUp.toFixed(2),
          ]),
        },
      ],
      notes: [
        `By arithmetic: a step of ${constants.microBatches} micro-batches of ${constants.secondsPerMicroBatch.toFixed(3)} s each and ${(constants.gradientBytes / 1e6).toFixed(2)} MB of gradients, and machines of one speed.`,
        ...(outcomes.some(({ isPinned }) => !isPinned) ? ["Ranks were not bound to a core each."] : []),
        ...(flags.ranks > flags.cores
          ? [`${flags.ranks} ranks shared ${flags.cores} cores, which the arithmetic counts.`]
          : []),
      ],
    },
    { case: "scaling", options, python: null, save },
  );
}

/** The job on one rank, then on several. */
async function measured(flags: ScalingFlags): Promise<ScalingOutcome[]> {
  const { engine, size, base, cores, tokens, microBatches, rank, warmUp, repeats } = flags;
  const places: RankPlaces = {
    hosts: flags.hosts ?? null,
    interface: flags.interface ?? null,
    remoteShell: flags.remoteShell ?? null,
  };
  const targets = ["q_proj", "v_proj"];
  const job: ScalingJob = { engine, size, base, cores, tokens, microBatches, rank, targets, warmUp, repeats };
  const outcomes: ScalingOutcome[] = [];
  for (const ranks of [1, flags.ranks]) {
    console.error(`${ranks} ${ranks === 1 ? "rank" : "ranks"} …`);
    outcomes.push(await runRanks(job, ranks, places));
  }
  return outcomes;
}

const medianOf = ({ steps }: ScalingOutcome, key: keyof RankStep): number =>
  median(steps.map((step) => step[key]));

function measuredTable(
  outcomes: readonly ScalingOutcome[],
  { microBatches, tokens, cores }: ScalingFlags,
  constants: StepConstants,
): Table {
  const alone = medianOf(outcomes[0], "seconds");
  return {
    columns: [
      "ranks",
      "s a step",
      "tokens/s",
      "times one rank",
      "s by arithmetic",
      "its error",
      "in calls",
      "transfer",
    ],
    rows: outcomes.map((outcome) => {
      const seconds = medianOf(outcome, "seconds");
      const link = outcome.link ?? { bytesPerSecond: Number.POSITIVE_INFINITY, secondsPerCall: 0 };
      const ranksOfCore = Math.ceil(outcome.ranks / cores);
      const { seconds: predicted } = predictStep(
        {
          ...constants,
          microBatches,
          // Ranks that share a core take as much longer.
          secondsPerMicroBatch: constants.secondsPerMicroBatch * ranksOfCore,
        },
        link,
        outcome.ranks,
      );
      const percent = (key: keyof RankStep): string =>
        `${((100 * medianOf(outcome, key)) / seconds).toFixed(2)} %`;
      return [
        String(outcome.ranks),
        seconds.toFixed(3),
        ((microBatches * tokens) / seconds).toFixed(1),
        (alone / seconds).toFixed(2),
        predicted.toFixed(3),
        `${(100 * (predicted / seconds - 1)).toFixed(1)} %`,
        percent("collectiveSeconds"),
        percent("transferSeconds"),
      ];
    }),
  };
}
