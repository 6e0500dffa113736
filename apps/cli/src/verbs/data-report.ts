import { phrase } from "@lathe/files";
import { reportData, type ReportDataOptions } from "@lathe/recipes";
import { reportDataOptions } from "@lathe/recipes/options";
import { defineVerb } from "../define-verb.js";

export const verb = defineVerb({
  description:
    "Writes one page that needs nothing beside it: rows by rule with examples, lengths, languages, personal data, splits, frequent words, topics; with --model or --run also sampled rows token by token, coloured by who speaks, by what is learnt and by loss.",
  examples: [
    "lathe data report prepared",
    "lathe data report prepared --model models/base",
    "lathe data report prepared --run runs/first --output data.html",
  ],
  options: reportDataOptions,
  positional: "folder",
  async run(_values, { messages: { language }, recipeOptions }) {
    const written = await reportData({ ...recipeOptions<ReportDataOptions>(), language });
    const { train, validation, test } = written.splits;
    return {
      json: { ...written },
      text: [
        { head: [phrase`train`, phrase`validation`, phrase`test`], rows: [[train, validation, test]] },
        phrase`page of the data: ${written.output}`,
      ],
    };
  },
});
