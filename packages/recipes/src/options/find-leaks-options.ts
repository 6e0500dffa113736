import { NEAR_DUPLICATE_THRESHOLD } from "@lathe/data";
import { option } from "@lathe/files";
import { z } from "zod";
import { inputsPath } from "./path-options.js";

const files = z.array(z.string().min(1)).default([]);

/** What `findLeaks` is asked for. */
export const findLeaksOptions = z.object({
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
