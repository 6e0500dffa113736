import { contradictions, planRun, type PlanRunOptions, type RunPlan, tellPlan } from "@lathe/recipes";
import { planOptions } from "@lathe/recipes/options";
import { defineVerb } from "../define-verb.js";
import { flagsText } from "../messages/flags-text.js";

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
  options: planOptions,
  contradictions,
  async run(_values, { recipeOptions }) {
    const plan = await planRun({ ...recipeOptions<PlanRunOptions>(), processBytes: "measured" });
    return { json: { ...plan }, text: tellPlan(plan, flagsText), exitCode: fits(plan) ? 0 : EXIT_TOO_LARGE };
  },
});

/** In memory, or with weights that stay on the disk. */
const fits = ({ fits: inMemory, stream }: RunPlan): boolean => inMemory || (stream?.fits ?? false);
