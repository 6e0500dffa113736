import { EXIT_INTERRUPTED, type VerbResult } from "@lathe/command";
import {
  autoTune,
  type AutoTuneOptions,
  type AutoTuneReport,
  type AutoTuneSummary,
  sayTuning,
  tellTrial,
  tellTuning,
} from "@lathe/recipes";
import { autoOptions } from "@lathe/recipes/options";
import { defineVerb, type VerbContext } from "../define-verb.js";

export const verb = defineVerb({
  description:
    "Tries methods, targets, ranks, rates and batches in short trials on the rows themselves, goes on with the best of them, and trains with the best of all for the rest of the time. DIR/run is the run, DIR/auto.html and DIR/auto.json say why. A run that the time ends has a checkpoint and can be resumed with train --resume --output DIR/run.",
  examples: [
    "lathe auto --model models/base --data rows.jsonl --time 30m",
    "lathe auto --model models/base --data prepared/train.arrow --validation prepared/validation.arrow --time 2h --output runs/best",
  ],
  options: autoOptions,
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
      const said = report.type === "trial" ? [tellTrial(report.trial)] : report.why;
      for (const sentence of said) note(sentence);
    }
    return resultOf(next.value, values.output, context);
  },
});

function resultOf(summary: AutoTuneSummary, output: string, { messages, signal }: VerbContext): VerbResult {
  const json = { ...sayTuning(summary, messages.phrases) };
  return { json, text: tellTuning(summary, output), exitCode: signal.aborted ? EXIT_INTERRUPTED : 0 };
}
