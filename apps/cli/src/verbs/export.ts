import { formatBytes, phrase } from "@lathe/files";
import { exportModel, type ExportModelOptions } from "@lathe/recipes";
import { exportOptions } from "@lathe/recipes/options";
import { defineVerb } from "../define-verb.js";

export const verb = defineVerb({
  description:
    "gguf, ollama, onnx and web hold the model, with an adapter merged into it where one is given; web is a folder with a page that runs it in " +
    "browsers; merged is a model folder; peft, gguf-lora and mlx hold the adapter alone. What answers otherwise than the model in the program that reads it is not kept: exit " +
    "code 1, and a report beside its place. Nothing is overwritten.",
  examples: [
    "lathe export --model models/base --adapter runs/first/adapter --to gguf --type Q8_0 --output tuned.gguf --gate-prompts held-out.jsonl",
    "lathe export --model models/base --adapter runs/first/adapter --to ollama --output tuned-ollama",
    "lathe export --model models/base --to onnx --type q4 --output tuned-onnx",
    "lathe export --model models/base --adapter runs/first/adapter --to web --max-size 300MB --output tuned-web",
  ],
  options: exportOptions,
  async run(_values, { recipeOptions }) {
    const exported = await exportModel(recipeOptions<ExportModelOptions>());
    const { output, tensors, bytes } = exported;
    const held = tensors === 1 ? phrase`${1} tensor` : phrase`${tensors} tensors`;
    const sentence =
      bytes === null ? phrase`${output}: ${held}` : phrase`${output}: ${held}, ${formatBytes(bytes)}`;
    return { json: { ...exported }, text: [sentence] };
  },
});
