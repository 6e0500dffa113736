import { join } from "node:path";
import { EXIT_INTERRUPTED, option, optionGroup, parseDuration, type VerbResult } from "@lathe/command";
import { sayPhrase } from "@lathe/files";
import {
  autoTune,
  type AutoTuneOptions,
  type AutoTuneReport,
  type AutoTuneSummary,
  candidateName,
  sayTuning,
} from "@lathe/recipes";
import { z } from "zod";
import { defineVerb, type VerbContext } from "../define-verb.js";
import type { Messages } from "../messages/messages.js";
import { learntRowOptions, rejectLimitOption } from "../options/learnt-options.js";
import { memoryOption } from "../options/memory-option.js";
import { dataOption, modelOption } from "../options/model-options.js";
import { engineOptions } from "../options/engine-options.js";
import { rowsPath } from "../options/path-details.js";

const { engine, precision } = engineOptions;

const options = z.object({
  model: modelOption(),
  data: dataOption("rows to learn, as for train"),
  validation: option(
    z.string().min(1).optional(),
    "rows to compare settings on; without it some of --data are set apart",
    rowsPath("validation"),
  ),
  time: option(z.number().positive(), "how long all of it may take, such as 30m or 1h30m", {
    placeholder: "duration",
    parse: parseDuration,
    expected: "hours, minutes and seconds such as 30m, 1h30m or 90s",
  }),
  output: option(z.string().min(1).default("runs/auto"), "folder of the result", { placeholder: "dir" }),
  overwrite: option(z.boolean().default(false), "replace an earlier result in --output"),
  seed: option(z.int().min(0).default(0), "order of rows, dropout and initial adapter follow from it"),
  ...learntRowOptions(),
  rejectLimit: rejectLimitOption(),
  memory: memoryOption(),
  ...optionGroup("Engine", { engine, precision }),
});

export const verb = defineVerb({
  description:
    "Tries methods, targets, ranks, rates and batches in short trials on the rows themselves, goes on with the best of them, and trains with the best of all for the rest of the time. DIR/run is the run, DIR/auto.html and DIR/auto.json say why. A run that the time ends has a checkpoint and can be resumed with train --resume --output DIR/run.",
  examples: [
    "lathe auto --model models/base --data rows.jsonl --time 30m",
    "lathe auto --model models/base --data prepared/train.arrow --validation prepared/validation.arrow --time 2h --output runs/best",
  ],
  options,
  async run(values, context) {
    const { messages, narrator, note, recipeOptions } = context;
    const { language, phrases: translations } = messages;
    const fields = recipeOptions<AutoTuneOptions>();
    const run = autoTune({ ...fields, output: values.output, language, translations });
    let next = await run.next();
    for (; !next.done; next = await run.next()) {
      const report: AutoTuneReport = next.value;
      if (report.type === "step") {
        narrator.step(report.report);
        continue;
      }
      narrator.end();
      note(report.type === "trial" ? trialText(report.trial, messages) : whyText(report.why, messages));
    }
    return resultOf(next.value, values.output, context);
  },
});

function trialText(trial: AutoTuneSummary["trials"][number], messages: Messages): string {
  const loss = trial.validationLoss?.toFixed(4) ?? messages.words.none;
  const text = messages.trial(trial.round, candidateName(trial), trial.steps, loss);
  return trial.fault === null ? text : `${text} (${sayPhrase(trial.fault, messages.phrases)})`;
}

const whyText = (why: AutoTuneSummary["why"], { phrases }: Messages): string =>
  why.map((sentence) => sayPhrase(sentence, phrases)).join("\n");

function resultOf(summary: AutoTuneSummary, output: string, { messages, signal }: VerbContext): VerbResult {
  const { result, adapter } = summary;
  const json = { ...sayTuning(summary, messages.phrases) };
  const loss = result.validationLoss?.toFixed(4) ?? messages.words.none;
  const text = [
    `${messages.words.validationLoss} ${loss}`,
    ...(result.interrupted ? [messages.interrupted(result.steps, join(output, "run"))] : []),
    ...(adapter === null ? [] : [messages.adapterAt(adapter)]),
    ...(result.model === null ? [] : [messages.modelAt(result.model)]),
    messages.pageAt(join(output, "auto.html")),
  ];
  return { json, text: text.join("\n"), exitCode: signal.aborted ? EXIT_INTERRUPTED : 0 };
}
