import { EXIT_DONE, EXIT_FAILED } from "@lathe/command";
import { findLeaks, type FindLeaksOptions, tellLeaks } from "@lathe/data";
import { findLeaksOptions } from "@lathe/recipes/options";
import { defineVerb } from "../define-verb.js";

export const verb = defineVerb({
  description:
    "Compares the rows of the test split with those of train and validation, and those of validation with train, by the sets of their character 5-grams. Ends with code 1 where it finds a pair, and where a file is not what prepare wrote, by the hashes of the manifest. Rows of benchmarks are compared by their questions as well.",
  examples: [
    "lathe data verify prepared",
    "lathe data verify prepared --add more.jsonl",
    "lathe data verify prepared --against bench.jsonl --json",
  ],
  options: findLeaksOptions,
  positional: "folder",
  async run(_values, { recipeOptions }) {
    const report = await findLeaks(recipeOptions<FindLeaksOptions>());
    const { leaks, rows, changed } = report;
    return {
      json: { leaks, rows, changed },
      text: tellLeaks(report),
      exitCode: leaks.length === 0 && changed.length === 0 ? EXIT_DONE : EXIT_FAILED,
    };
  },
});
