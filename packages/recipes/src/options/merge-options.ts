import { option } from "@lathe/files";
import { z } from "zod";
import { hostEngineOptions } from "./engine-options.js";
import { modelOption } from "./model-options.js";
import { adapterPath } from "./path-options.js";

/** What is merged, and where to. */
export const mergeOptions = z.object({
  model: modelOption(),
  adapter: option(z.string().min(1), "adapter folder", adapterPath),
  output: option(z.string().min(1), "folder to make", { placeholder: "dir" }),
  dtype: option(z.enum(["keep", "fp32", "fp16", "bf16"]).default("keep"), "type of the weights written", {
    placeholder: "type",
  }),
  ...hostEngineOptions,
});
