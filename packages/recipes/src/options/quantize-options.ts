import { option } from "@lathe/files";
import { packedFormatNames } from "@lathe/quant";
import { z } from "zod";
import { hostEngineOptions } from "./engine-options.js";
import { modelOption } from "./model-options.js";

/** What is packed, and how. */
export const quantizeOptions = z.object({
  model: modelOption(),
  output: option(z.string().min(1), "folder to write", { placeholder: "dir" }),
  format: option(
    z.enum([...packedFormatNames] as [(typeof packedFormatNames)[number]]),
    "format of the weights",
    { placeholder: "format" },
  ),
  overwrite: option(z.boolean().default(false), "replace a folder that quantize made"),
  resume: option(
    z.boolean().default(false),
    "go on from where the same command was interrupted or killed; else it begins anew",
  ),
  ...hostEngineOptions,
});
