import { option } from "@lathe/files";
import { z } from "zod";
import { addressOptions } from "./address-options.js";
import { rowsPath } from "./path-options.js";

/** Which replies people judge, how many people, and where; or which study's results are shown. */
export const annotateOptions = z.object({
  responses: option(
    z.array(z.string().min(1)).min(1).optional(),
    "files of replies, one a system, rows with id, prompt and response: .jsonl, .csv, .tsv, .parquet",
    { placeholder: "file", requiredText: "required for a new study" },
  ),
  annotators: option(z.int().min(1).max(1000).optional(), "people who judge, each with a link", {
    defaultText: "3",
  }),
  output: option(z.string().min(1).default("annotations"), "folder of the study; one that is there goes on", {
    placeholder: "DIR",
  }),
  perRow: option(z.int().min(1).optional(), "annotators that judge each row", { defaultText: "all" }),
  repeats: option(
    z.number().min(0).max(0.5).optional(),
    "share of rows that come a second time, for the annotator's own consistency",
    { placeholder: "share", defaultText: "0.05" },
  ),
  gold: option(
    z.string().min(1).optional(),
    "ratings known beforehand: rows with id, system, fluency, relevance, such as 4 or 4-5",
    rowsPath(),
  ),
  seed: option(z.int().min(0).optional(), "seed of the order of rows and replies", { defaultText: "0" }),
  ...addressOptions,
  results: option(z.string().min(1).optional(), "show the results of the study in this folder instead", {
    placeholder: "DIR",
  }),
  export: option(z.string().min(1).optional(), "with --results: write all answers, .csv or .jsonl", {
    placeholder: "file",
  }),
  import: option(
    z.string().min(1).optional(),
    "with --results: add answers of such a file first",
    rowsPath(),
  ),
});
