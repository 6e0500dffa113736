import { option } from "@lathe/files";
import { z } from "zod";
import { engineOptions } from "./engine-options.js";
import { modelPath, rowsPath } from "./path-options.js";

/** What the machine is held to. */
export const inspectMachineOptions = z.object({
  model: option(z.string().min(1).optional(), "model folder to check: config, tensors, tokenizer", modelPath),
  data: option(
    z.string().min(1).optional(),
    "rows to learn, to hold the memory of this machine to",
    rowsPath(),
  ),
  ...engineOptions,
});
