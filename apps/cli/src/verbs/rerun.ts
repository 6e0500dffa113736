import { EXIT_INTERRUPTED } from "@lathe/command";
import { rerun, type RerunOptions, tellRerun } from "@lathe/recipes";
import { rerunOptions } from "@lathe/recipes/options";
import { defineVerb } from "../define-verb.js";

/** Exit code of a run that came out otherwise. */
const EXIT_DIFFERENT = 1;

export const verb = defineVerb({
  description:
    "Trains again with the settings, rows and model of the report, and compares the bits of what is written. What differs is listed, what went in first. Exit code 1 when the result differs.",
  examples: ["lathe rerun runs/first/report.json --output runs/again"],
  options: rerunOptions,
  positional: "report",
  async run(_values, { messages, narrator, recipeOptions, signal }) {
    const steps = rerun({ ...recipeOptions<RerunOptions>(), language: messages.language });
    let next = await steps.next();
    for (; !next.done; next = await steps.next()) narrator.step(next.value);
    const outcome = next.value;
    const exitCode = signal.aborted ? EXIT_INTERRUPTED : outcome.equal ? 0 : EXIT_DIFFERENT;
    return { json: { ...outcome }, text: tellRerun(outcome), exitCode };
  },
});
