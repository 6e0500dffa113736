import { formatBytes } from "@lathe/files";
import { option } from "@lathe/command";
import { mergeAdapter, type MergeAdapterOptions } from "@lathe/recipes";
import { z } from "zod";
import { defineVerb } from "../define-verb.js";
import { hostEngineOptions } from "../options/engine-options.js";
import { modelOption } from "../options/model-options.js";
import { adapterPath } from "../options/path-details.js";

const options = z.object({
  model: modelOption(),
  adapter: option(z.string().min(1), "adapter folder", adapterPath),
  output: option(z.string().min(1), "folder to make", { placeholder: "dir" }),
  dtype: option(z.enum(["keep", "fp32", "fp16", "bf16"]).default("keep"), "type of the weights written", {
    placeholder: "type",
  }),
  ...hostEngineOptions,
});

export const verb = defineVerb({
  description: "Writes a model folder that needs no adapter, tensor by tensor. Nothing is overwritten.",
  examples: [
    "lathe merge --model models/base --adapter runs/first/adapter --output models/tuned --dtype bf16",
  ],
  options,
  async run(values, { messages, recipeOptions }) {
    const merged = await mergeAdapter(recipeOptions<MergeAdapterOptions>());
    const { output, changed, tensors, bytes } = merged;
    return {
      json: { ...merged, dtype: values.dtype },
      text: messages.merged(output, changed, tensors, formatBytes(bytes)),
    };
  },
});
