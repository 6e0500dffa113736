import { formatBytes } from "@lathe/files";
import { option } from "@lathe/command";
import { ggufTypes, onnxTypes, webDefaults } from "@lathe/export";
import { packedFormatNames } from "@lathe/quant";
import { exportFormats, exportModel, type ExportModelOptions } from "@lathe/recipes";
import { parseBytes } from "@lathe/train";
import { z } from "zod";
import { defineVerb } from "../define-verb.js";
import { adapterOption, modelOption } from "../options/model-options.js";
import { rowsPath } from "../options/path-details.js";

const options = z.object({
  model: modelOption(),
  adapter: adapterOption(),
  to: option(z.enum(exportFormats), "what is written", { placeholder: "format" }),
  output: option(z.string().min(1), "file or folder to make", { placeholder: "path" }),
  type: option(
    z.enum([...ggufTypes, ...onnxTypes]).optional(),
    "type of the weights in GGUF, in ONNX and for the web",
    {
      placeholder: "type",
      defaultText: "F16, of ONNX fp32, of the web fp32 where it fits and else q4",
    },
  ),
  maxSize: option(
    z
      .string()
      .refine((text) => parseBytes(text) !== null, { error: "expected a size such as 300MB" })
      .optional(),
    "what a bundle for the web may take in all",
    { placeholder: "size", defaultText: formatBytes(webDefaults.maxBytes) },
  ),
  quantize: option(
    z.enum(["none", ...packedFormatNames]).default("none"),
    "what the base was packed in while the adapter was trained: the merge is onto what those weights stand for",
    { placeholder: "format" },
  ),
  gate: option(
    z.boolean().default(true),
    "keep GGUF and ONNX without replaying prompts in llama.cpp or transformers.js; the card says that nothing is proven",
  ),
  gatePrompts: option(
    z.string().min(1).optional(),
    "held-out rows whose prompts are replayed; without, a few of Lathe's are, where that program is installed",
    rowsPath("test"),
  ),
});

export const verb = defineVerb({
  description:
    "gguf, ollama, onnx and web hold the model, with an adapter merged into it where one is given; web is a folder with a page that runs it in " +
    "browsers; merged is a model folder; peft, gguf-lora and mlx hold the adapter alone. GGUF that answers otherwise than the model in llama.cpp, or ONNX in transformers.js, is not kept: exit " +
    "code 1, and a report beside its place. Nothing is overwritten.",
  examples: [
    "lathe export --model models/base --adapter runs/first/adapter --to gguf --type Q8_0 --output tuned.gguf --gate-prompts held-out.jsonl",
    "lathe export --model models/base --adapter runs/first/adapter --to ollama --output tuned-ollama",
    "lathe export --model models/base --to onnx --type q4 --output tuned-onnx",
    "lathe export --model models/base --adapter runs/first/adapter --to web --max-size 300MB --output tuned-web",
  ],
  options,
  async run(_values, { messages, recipeOptions }) {
    const exported = await exportModel(recipeOptions<ExportModelOptions>());
    const { output, tensors, bytes } = exported;
    return {
      json: { ...exported },
      text: messages.exported(output, tensors, bytes === null ? null : formatBytes(bytes)),
    };
  },
});
