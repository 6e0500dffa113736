import { formatBytes, phrase } from "@lathe/files";
import { mergeAdapter, type MergeAdapterOptions } from "@lathe/recipes";
import { mergeOptions } from "@lathe/recipes/options";
import { defineVerb } from "../define-verb.js";

export const verb = defineVerb({
  description: "Writes a model folder that needs no adapter, tensor by tensor. Nothing is overwritten.",
  examples: [
    "lathe merge --model models/base --adapter runs/first/adapter --output models/tuned --dtype bf16",
  ],
  options: mergeOptions,
  async run(values, { recipeOptions }) {
    const merged = await mergeAdapter(recipeOptions<MergeAdapterOptions>());
    const { output, changed, tensors, bytes } = merged;
    return {
      json: { ...merged, dtype: values.dtype },
      text: [phrase`${output}: ${changed} of ${tensors} tensors changed, ${formatBytes(bytes)}`],
    };
  },
});
