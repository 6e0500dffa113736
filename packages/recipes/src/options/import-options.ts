import { option } from "@lathe/files";
import { z } from "zod";
import { modelPath } from "./path-options.js";

/** What is imported, and where to. */
export const importOptions = z.object({
  input: option(z.string().min(1), "GGUF file, or folder of an adapter of mlx-lm", { placeholder: "path" }),
  output: option(z.string().min(1), "folder to make", { placeholder: "dir" }),
  model: option(z.string().min(1).optional(), "base model that an adapter is of", modelPath),
  dtype: option(
    z.enum(["keep", "fp32", "fp16", "bf16"]).default("keep"),
    "type of the weights written; keep leaves float weights their own and makes quantised ones fp16",
    { placeholder: "type" },
  ),
});
