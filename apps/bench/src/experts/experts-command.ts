import { type Command, Option } from "commander";
import { matrixFormats } from "@lathe/quant";
import { median } from "../measure.js";
import { saveFlag, whole } from "../shared/flags.js";
import { publish } from "../shared/report.js";
import { runContestant } from "../shared/run-contestant.js";
import type { Table } from "../shared/table.js";
import type { ExpertsJob, ExpertsOutcome, MeasuredExperts } from "./experts-job.js";

/** Speed that products of experts are to reach, of that of a dense product. */
const WANTED = 0.85;

interface ExpertsFlags extends Omit<ExpertsJob, "expertsPerToken"> {
  readonly perToken: number;
  readonly save?: string;
}

/** Adds `bench experts`. */
export function addExpertsCommand(program: Command): void {
  program
    .command("experts")
    .description(
      `Products of a mixture's tokens with the experts they go to, beside one dense product of the same operations; fails below ${WANTED} of its speed`,
    )
    .option("--tokens <count>", "tokens of a batch", whole(1), 2048)
    .option("--experts <count>", "experts of the layer", whole(1), 256)
    .option("--per-token <count>", "experts that a token goes to", whole(1), 8)
    .option("--out-features <count>", "outputs of an expert's linear", whole(1), 512)
    .option("--in-features <count>", "inputs of it", whole(1), 1792)
    .addOption(
      new Option("--formats <names...>", "weights")
        .choices(Object.keys(matrixFormats))
        .default(["int8", "nf4", "fp8", "bf16"]),
    )
    .addOption(
      new Option("--precision <name>", "of products").choices(["fp32", "bf16", "int8"]).default("bf16"),
    )
    .option("--repeats <times>", "turns that are counted", whole(1), 5)
    .addOption(saveFlag())
    .action(runExperts);
}

async function runExperts(flags: ExpertsFlags): Promise<void> {
  const { save, perToken, ...rest } = flags;
  const job: ExpertsJob = { ...rest, expertsPerToken: perToken };
  const outcome = await runContestant<ExpertsOutcome>("experts", job);
  const passed = outcome.measured.every((one) => speedOf(one) >= WANTED);
  const { tokens, experts, outFeatures, inFeatures, precision } = job;
  await publish(
    {
      name: `experts-${perToken}-of-${experts}-${outFeatures}x${inFeatures}`,
      title: `${tokens} tokens to ${perToken} of ${experts} experts of ${outFeatures} × ${inFeatures}, beside a dense product of the same operations`,
      result: { ...outcome, speeds: outcome.measured.map(speedOf), passed },
      tables: [expertsTable(outcome.measured)],
      notes: [
        `Native kernels (${outcome.level}), ${outcome.threads} threads, products in ${precision}. Rows are sorted by expert, and each expert's are one product; the dense product has all rows and the weight of one expert.`,
      ],
    },
    { case: "experts", options: { ...flags, save: undefined }, python: null, save },
  );
  if (!passed) process.exitCode = 1;
}

/** Speed of the products of experts by that of the dense one. */
export const speedOf = ({ grouped, dense }: MeasuredExperts): number => median(dense) / median(grouped);

/** A line each format and direction. */
export function expertsTable(measured: readonly MeasuredExperts[]): Table {
  return {
    columns: ["weights", "direction", "experts s", "dense s", "speed"],
    rows: measured.map((one) => [
      one.format,
      one.direction,
      median(one.grouped).toPrecision(3),
      median(one.dense).toPrecision(3),
      speedOf(one).toFixed(2),
    ]),
  };
}
