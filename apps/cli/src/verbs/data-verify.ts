import { EXIT_DONE, EXIT_FAILED, formatTable, option } from "@lathe/command";
import {
  findLeaks,
  type FindLeaksOptions,
  type LeakedRow,
  type LeakReport,
  NEAR_DUPLICATE_THRESHOLD,
} from "@lathe/data";
import { z } from "zod";
import { defineVerb } from "../define-verb.js";
import type { Messages } from "../messages/messages.js";
import { inputsPath } from "../options/path-details.js";

const files = z.array(z.string().min(1)).default([]);

const options = z.object({
  folder: option(
    z.string().min(1),
    "folder that lathe prepare wrote, or one with train.jsonl and test.jsonl",
    { placeholder: "dir" },
  ),
  add: option(files, "files of rows that would be trained on as well", inputsPath),
  against: option(files, "files of other benchmarks, whose rows must not be trained on", inputsPath),
  nearDuplicates: option(
    z.number().gt(0).max(1).default(NEAR_DUPLICATE_THRESHOLD),
    "least likeness that is a leak (Jaccard, of character 5-grams)",
    { field: "threshold", placeholder: "share" },
  ),
});

const SHOWN_LEAKS = 20;

function describe(
  { leaks, rows, changed }: LeakReport,
  { words, leakCount, changedFiles }: Messages,
): string {
  const table = formatTable(
    [words.rows, ""],
    [
      [words.train, rows.train + rows.added],
      [words.validation, rows.validation],
      [words.test, rows.test + rows.benchmarks],
    ],
  );
  const pairs = leaks.slice(0, SHOWN_LEAKS).map(({ test, train, similarity }) => {
    const where = ({ file, line, text }: LeakedRow): string =>
      `${file}:${line}  ${text.replaceAll(/\s+/gu, " ")}`;
    return `${similarity.toFixed(2)}  ${where(test)}\n      ${where(train)}`;
  });
  const more = leaks.length > SHOWN_LEAKS ? ["…"] : [];
  const faults = changed.length === 0 ? [] : [changedFiles(changed.join(", "))];
  return [table, ...faults, leakCount(leaks.length), ...pairs, ...more].join("\n\n");
}

export const verb = defineVerb({
  description:
    "Compares the rows of the test split with those of train and validation, and those of validation with train, by the sets of their character 5-grams. Ends with code 1 where it finds a pair. Rows of benchmarks are compared by their questions as well.",
  examples: [
    "lathe data verify prepared",
    "lathe data verify prepared --add more.jsonl",
    "lathe data verify prepared --against bench.jsonl --json",
  ],
  options,
  positional: "folder",
  async run(_values, { messages, recipeOptions }) {
    const report = await findLeaks(recipeOptions<FindLeaksOptions>());
    const { leaks, rows, changed } = report;
    return {
      json: { leaks, rows, changed },
      text: describe(report, messages),
      exitCode: leaks.length === 0 ? EXIT_DONE : EXIT_FAILED,
    };
  },
});
