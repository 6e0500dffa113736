import { formatBytes, option } from "@lathe/command";
import { ggufTypes } from "@lathe/export";
import { packedFormatNames } from "@lathe/quant";
import { exportFormats, exportModel, type ExportModelOptions } from "@lathe/recipes";
import { z } from "zod";
import { defineVerb } from "../define-verb.js";
import { adapterOption, modelOption } from "../options/model-options.js";
import { rowsPath } from "../options/path-details.js";

const options = z.object({
  model: modelOption(),
  adapter: adapterOption(),
  to: option(z.enum(exportFormats), "what is written", { placeholder: "format" }),
  output: option(z.string().min(1), "file or folder to make", { placeholder: "path" }),
  type: option(z.enum(ggufTypes).optional(), "type of the weights in GGUF", {
    placeholder: "type",
    defaultText: "F16",
  }),
  quantize: option(
    z.enum(["none", ...packedFormatNames]).default("none"),
    "what the base was packed in while the adapter was trained: the merge is onto what those weights stand for",
    { placeholder: "format" },
  ),
  gatePrompts: option(
    z.string().min(1).optional(),
    "held-out rows whose prompts are replayed in llama.cpp before GGUF is kept; without, its card says that it is not proven",
    rowsPath("test"),
  ),
});

export const exportVerb = defineVerb({
  description:
    "gguf and ollama hold the model, with an adapter merged into it where one is given; merged is a model folder; peft, gguf-lora and mlx " +
    "hold the adapter alone. GGUF that answers otherwise than the model in llama.cpp is not kept: exit code 1, and a report beside its " +
    "place. Nothing is overwritten.",
  examples: [
    "lathe export --model models/base --adapter runs/first/adapter --to gguf --type Q8_0 --output tuned.gguf --gate-prompts held-out.jsonl",
    "lathe export --model models/base --adapter runs/first/adapter --to ollama --output tuned-ollama",
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
