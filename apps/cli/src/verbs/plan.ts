import { option } from "@lathe/command";
import { planRun, type PlanRunOptions, type RunPlan, tellPlan } from "@lathe/recipes";
import { z } from "zod";
import { defineVerb } from "../define-verb.js";
import { flagsText } from "../messages/flags-text.js";
import { rowsPath } from "../options/path-details.js";
import { triedRunOptions } from "../options/tried-run-options.js";

const options = z.object({
  card: option(
    z.string().min(1).optional(),
    "graphics card to plan for, such as rtx3060-12gb, in place of --memory",
    { placeholder: "name" },
  ),
  disk: option(
    z.string().min(1).optional(),
    "how fast the disk is, such as 3GB/s: says how long weights and checkpoints take",
    { placeholder: "rate" },
  ),
  ...triedRunOptions,
  data: option(
    z.string().min(1).optional(),
    "rows to learn, as for train; without them, rows of --max-tokens tokens are planned, 512 unless given",
    rowsPath(),
  ),
});

/** Exit code of a plan that does not fit. */
const EXIT_TOO_LARGE = 1;

export const verb = defineVerb({
  description:
    "Reads the rows and the headers of the weights, and says what a run takes for what, about how long a step lasts here, and what takes less; where memory does not hold the weights, what a step takes that reads them from the disk, layer by layer. A folder with config.json alone will do for a model, and no rows at all. Nothing is written. Exit code 1 when it does not fit.",
  examples: [
    "lathe plan --config run.yaml --memory 8GB",
    "lathe plan --model models/base --data rows.jsonl --card rtx3060-12gb --disk 3GB/s --json",
    "lathe plan --model DeepSeek-R1 --memory 24GB --disk 3GB/s",
  ],
  options,
  async run(_values, { recipeOptions }) {
    const plan = await planRun(recipeOptions<PlanRunOptions>());
    return { json: { ...plan }, text: tellPlan(plan, flagsText), exitCode: fits(plan) ? 0 : EXIT_TOO_LARGE };
  },
});

/** In memory, or with weights that stay on the disk. */
const fits = ({ fits: inMemory, stream }: RunPlan): boolean => inMemory || (stream?.fits ?? false);
