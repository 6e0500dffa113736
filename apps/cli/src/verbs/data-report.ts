import { formatTable, option } from "@lathe/command";
import { reportData, type ReportDataOptions } from "@lathe/recipes";
import { z } from "zod";
import { defineVerb } from "../define-verb.js";
import { hostEngineOptions } from "../options/engine-options.js";
import { modelPath } from "../options/path-details.js";

const options = z.object({
  folder: option(z.string().min(1), "folder that lathe prepare wrote", { placeholder: "dir" }),
  output: option(z.string().min(1).optional(), "page to write; DIR-report.html unless given", {
    placeholder: "file",
  }),
  model: option(z.string().min(1).optional(), "model whose tokenizer shows rows token by token", modelPath),
  run: option(z.string().min(1).optional(), "run, for the loss of each token before and after it", {
    placeholder: "dir",
  }),
  rows: option(z.int().min(0).default(12), "rows shown token by token"),
  seed: option(z.int().min(0).default(0), "chooses the rows that are looked at"),
  ...hostEngineOptions,
});

export const verb = defineVerb({
  description:
    "Writes one page that needs nothing beside it: rows by rule with examples, lengths, languages, personal data, splits, frequent words, topics; with --model or --run also sampled rows token by token, coloured by who speaks, by what is learnt and by loss.",
  examples: [
    "lathe data report prepared",
    "lathe data report prepared --model models/base",
    "lathe data report prepared --run runs/first --output data.html",
  ],
  options,
  positional: "folder",
  async run(_values, { messages, recipeOptions }) {
    const { words, language } = messages;
    const written = await reportData({ ...recipeOptions<ReportDataOptions>(), language });
    const { train, validation, test } = written.splits;
    return {
      json: { ...written },
      text: `${formatTable([words.train, words.validation, words.test], [[train, validation, test]])}\n\n${messages.pageOfData(written.output)}`,
    };
  },
});
