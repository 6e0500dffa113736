import { type Command, Option } from "commander";
import { engineFlag, precisionFlag, saveFlag, sizeFlag, whole } from "../shared/flags.js";
import type { ModelSize } from "../shared/model-sizes.js";
import { type BaseFormat, baseFormats } from "../shared/random-weights.js";
import { publish } from "../shared/report.js";
import { soakSteps } from "./soak-steps.js";

interface SoakFlags {
  readonly engine: string;
  readonly precision: string;
  readonly size: ModelSize;
  readonly base: BaseFormat;
  readonly steps: number;
  readonly tokens: number;
  readonly save?: string;
}

/** Adds `bench soak`. */
export function addSoakCommand(program: Command): void {
  program
    .command("soak")
    .description("Many training steps, counting what is alive after each; fails when anything stays behind")
    .addOption(engineFlag())
    .addOption(precisionFlag())
    .addOption(sizeFlag("mini"))
    .addOption(
      new Option("--base <format>", "format of the frozen weights").choices(baseFormats).default("int8"),
    )
    .option("--steps <count>", "optimiser steps", whole(2), 1000)
    .option("--tokens <count>", "longest row", whole(2), 48)
    .addOption(saveFlag())
    .action(runSoak);
}

/** How much more a process may hold at the end than after its first hundred steps. */
const LARGEST_GROWTH = 0.01;

const MEBIBYTE = 2 ** 20;

async function runSoak(flags: SoakFlags): Promise<void> {
  const { save, ...job } = flags;
  const outcome = await soakSteps({
    ...job,
    onStep(step, loss) {
      if (step % 100 === 0) console.error(`step ${step}: loss ${loss.toFixed(4)}`);
    },
  });
  const { engine, engineDescription, precision, early, last, growth, keptHandles, tensorsLeft } = outcome;
  const { heldGrowth } = outcome;
  const isFlat = heldGrowth === null || heldGrowth < LARGEST_GROWTH;
  const passed = isFlat && growth === 0 && tensorsLeft === 0 && (keptHandles ?? 0) === 0;
  await publish(
    {
      name: `soak-${engine}-${precision}-${flags.base}`,
      title: `${flags.steps} steps on ${engine} (${engineDescription}), products in ${precision}, base in ${flags.base}`,
      result: { outcome, passed },
      tables: [
        {
          columns: ["after step", "tensors", "handles", "tensors MiB", "process MiB"],
          rows: [early, last].map(({ step, tensors, handles, tensorBytes, residentBytes }) => [
            String(step),
            String(tensors),
            handles === null ? "–" : String(handles),
            (tensorBytes / MEBIBYTE).toFixed(1),
            (residentBytes / MEBIBYTE).toFixed(0),
          ]),
        },
      ],
      notes: [
        `Loss ${outcome.firstLoss.toFixed(4)} → ${outcome.lastLoss.toFixed(4)}, ${outcome.skippedSteps} steps skipped, ` +
          `${(outcome.steps / outcome.seconds).toFixed(1)} steps/s.`,
        ...(heldGrowth === null
          ? []
          : [`The process held ${(100 * heldGrowth).toFixed(2)} % more at the end than after step 100.`]),
        passed
          ? "Nothing stays behind."
          : `Left behind: ${growth} after a step, ${tensorsLeft} tensors and ${keptHandles ?? 0} packed weights after the model.`,
      ],
    },
    { case: "soak", options: flags, python: null, save },
  );
  if (!passed) process.exitCode = 1;
}
