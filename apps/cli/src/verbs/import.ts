import { phrase } from "@lathe/files";
import { importModel, type ImportModelOptions } from "@lathe/recipes";
import { importOptions } from "@lathe/recipes/options";
import { defineVerb } from "../define-verb.js";

export const verb = defineVerb({
  description:
    "A GGUF file becomes a model folder, such as a base for training, with tokenizer and template; an adapter of mlx-lm becomes one of " +
    "PEFT. Nothing is overwritten.",
  examples: [
    "lathe import --input model.gguf --output models/base",
    "lathe import --input adapters --model models/base --output runs/theirs",
  ],
  options: importOptions,
  async run(_values, { recipeOptions }) {
    const imported = await importModel(recipeOptions<ImportModelOptions>());
    const { output, kind, tensors } = imported;
    const sentence =
      kind === "model"
        ? phrase`${output}: a model of ${tensors} tensors`
        : phrase`${output}: an adapter on ${tensors} linears`;
    return { json: { ...imported }, text: [sentence] };
  },
});
