import { option } from "@lathe/files";
import { z } from "zod";
import { hostEngineOptions } from "./engine-options.js";
import { modelPath } from "./path-options.js";

/** Which rows a page shows. */
export const reportDataOptions = z.object({
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
