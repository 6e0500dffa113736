import { EXIT_INTERRUPTED, option } from "@lathe/command";
import { rerun, type RerunDifference, type RerunOptions } from "@lathe/recipes";
import { z } from "zod";
import { defineVerb } from "../define-verb.js";
import type { Messages } from "../messages/messages.js";
import { modelPath, rowsPath } from "../options/path-details.js";

/** Exit code of a run that came out otherwise. */
const EXIT_DIFFERENT = 1;

const path = z.string().min(1);

const options = z.object({
  report: option(path, "the report.json of a complete run", { placeholder: "file" }),
  output: option(path, "folder of the new run", { placeholder: "dir" }),
  model: option(path.optional(), "base model, where it is no longer where it was", modelPath),
  data: option(path.optional(), "file of rows, likewise", rowsPath()),
  validation: option(path.optional(), "file of rows to evaluate on, likewise", rowsPath("validation")),
});

export const verb = defineVerb({
  description:
    "Trains again with the settings, rows and model of the report, and compares the bits of what is written. What differs is listed, what went in first. Exit code 1 when the result differs.",
  examples: ["lathe rerun runs/first/report.json --output runs/again"],
  options,
  positional: "report",
  async run(_values, { messages, narrator, recipeOptions, signal }) {
    const steps = rerun({ ...recipeOptions<RerunOptions>(), language: messages.language });
    let next = await steps.next();
    for (; !next.done; next = await steps.next()) narrator.step(next.value);
    const outcome = next.value;
    const text = [
      ...outcome.differences.map((difference) => differenceText(difference, messages)),
      outcome.equal ? messages.sameBits(outcome.run) : messages.otherBits(outcome.run),
    ];
    const exitCode = signal.aborted ? EXIT_INTERRUPTED : outcome.equal ? 0 : EXIT_DIFFERENT;
    return { json: { ...outcome }, text: text.join("\n"), exitCode };
  },
});

function differenceText({ kind, name, before, now }: RerunDifference, messages: Messages): string {
  const short = (value: string | null): string =>
    value === null ? messages.words.none : kind === "program" ? value : value.slice(0, 12);
  return messages.differs(messages.differenceKinds[kind], name, short(before), short(now));
}
