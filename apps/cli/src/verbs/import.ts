import { option } from "@lathe/command";
import { importModel, type ImportModelOptions } from "@lathe/recipes";
import { z } from "zod";
import { defineVerb } from "../define-verb.js";
import { modelPath } from "../options/path-details.js";

const options = z.object({
  input: option(z.string().min(1), "GGUF file, or folder of an adapter of mlx-lm", { placeholder: "path" }),
  output: option(z.string().min(1), "folder to make", { placeholder: "dir" }),
  model: option(z.string().min(1).optional(), "base model that an adapter is of", modelPath),
  dtype: option(
    z.enum(["keep", "fp32", "fp16", "bf16"]).default("keep"),
    "type of the weights written; keep leaves float weights their own and makes quantised ones fp16",
    { placeholder: "type" },
  ),
});

export const verb = defineVerb({
  description:
    "A GGUF file becomes a model folder, such as a base for training, with tokenizer and template; an adapter of mlx-lm becomes one of " +
    "PEFT. Nothing is overwritten.",
  examples: [
    "lathe import --input model.gguf --output models/base",
    "lathe import --input adapters --model models/base --output runs/theirs",
  ],
  options,
  async run(_values, { messages, recipeOptions }) {
    const imported = await importModel(recipeOptions<ImportModelOptions>());
    const { output, kind, tensors } = imported;
    return { json: { ...imported }, text: messages.imported(output, kind, tensors) };
  },
});
