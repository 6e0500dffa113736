import { SPLITS } from "@lathe/data";
import { option } from "@lathe/files";
import { z } from "zod";
import { hostEngineOptions } from "./engine-options.js";
import { lossOnOption, reasoningOption } from "./learnt-options.js";
import { modelPath } from "./path-options.js";

/** Which row is shown. */
export const showRowOptions = z.object({
  data: option(z.string().min(1), "file of rows or tokens, or folder that lathe prepare wrote", {
    placeholder: "path",
  }),
  row: option(z.int().min(1).default(1), "number of the row, from 1"),
  full: option(z.boolean().default(false), "show all of a long row, not its beginning and end alone", {
    field: null,
  }),
  split: option(z.enum(SPLITS).default("train"), "split of a folder"),
  model: option(
    z.string().min(1).optional(),
    "model whose tokenizer and chat template encode the row",
    modelPath,
  ),
  lossOn: lossOnOption("learnt.lossOn"),
  reasoning: reasoningOption("learnt.reasoning"),
  ...hostEngineOptions,
});
