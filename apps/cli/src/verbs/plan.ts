import { formatBytes, formatTable, option } from "@lathe/command";
import { type DiskTimes, type MemoryTerms, planRun, type PlanRunOptions, type RunPlan } from "@lathe/recipes";
import { z } from "zod";
import { defineVerb } from "../define-verb.js";
import type { Messages } from "../messages/messages.js";
import { flagsText } from "../messages/flags-text.js";
import { secondsText } from "../messages/seconds-text.js";
import { rowsPath } from "../options/path-details.js";
import { triedRunOptions } from "../options/tried-run-options.js";
import { streamText } from "./stream-text.js";

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
  async run(_values, { messages, recipeOptions }) {
    const plan = await planRun(recipeOptions<PlanRunOptions>());
    return { json: { ...plan }, text: planText(plan, messages), exitCode: fits(plan) ? 0 : EXIT_TOO_LARGE };
  },
});

/** In memory, or with weights that stay on the disk. */
const fits = ({ fits: inMemory, stream }: RunPlan): boolean => inMemory || (stream?.fits ?? false);

/** How long a disk takes. */
function diskText(disk: DiskTimes, messages: Messages): string {
  const { bytesPerSecond, weightBytes, secondsToLoad, checkpointBytes, secondsPerCheckpoint } = disk;
  return messages.diskTakes(
    formatBytes(bytesPerSecond),
    [formatBytes(weightBytes), secondsText(secondsToLoad)],
    [formatBytes(checkpointBytes), secondsText(secondsPerCheckpoint)],
  );
}

function planText(plan: RunPlan, messages: Messages): string {
  const { terms, totalBytes, budgetBytes, fits, secondsPerStep, disk, remedies, stream } = plan;
  const { words, planTerms } = messages;
  const rows = (Object.entries(terms) as [keyof MemoryTerms, number][]).map(([term, bytes]) => [
    planTerms[term],
    formatBytes(bytes),
  ]);
  const text = [
    formatTable([words.memory, ""], [...rows, [words.total, formatBytes(totalBytes)]]),
    fits ? messages.planFits(formatBytes(budgetBytes)) : messages.planTooLarge(formatBytes(budgetBytes)),
    messages.stepTakes(secondsText(secondsPerStep)),
    ...(disk === null ? [] : [diskText(disk, messages)]),
  ];
  if (remedies.length > 0) {
    const shown = remedies.map(({ settings: set, savesBytes, timeFactor }) => [
      flagsText(set),
      formatBytes(savesBytes),
      `${timeFactor.toFixed(2)} ×`,
    ]);
    text.push(formatTable([words.takesLess, words.saves, words.time], shown));
  }
  if (stream !== null) text.push(streamText(stream, messages));
  return text.join("\n\n");
}
