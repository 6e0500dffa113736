import { prepareRows, type PrepareRowsOptions, tellPrepared } from "@lathe/recipes";
import { prepareOptions } from "@lathe/recipes/options";
import { collectEarly } from "@lathe/train/process";
import { defineVerb } from "../define-verb.js";

export const verb = defineVerb({
  description:
    "Writes train.jsonl, validation.jsonl, test.jsonl, rejected.jsonl and manifest.json; with --model also .arrow files of tokens. The folder appears once it is whole; --resume goes on with a run that was interrupted, to the same bytes.",
  examples: [
    "lathe prepare --input rows.jsonl --output prepared --split 7:1:2 --seed 0",
    "lathe prepare --input a.jsonl b.csv --output prepared --model models/base --max-tokens 1024",
  ],
  options: prepareOptions,
  async run(values, { recipeOptions }) {
    collectEarly();
    const result = await prepareRows(recipeOptions<PrepareRowsOptions>());
    const { output, read, kept, rejected, ...counts } = result;
    return {
      json: { read, kept, rejected, ...counts, output },
      text: tellPrepared(result, values.personalData),
    };
  },
});
