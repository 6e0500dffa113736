import { formatBytes } from "@lathe/files";
import { option } from "@lathe/command";
import { packedFormatNames } from "@lathe/quant";
import { quantizeModel, type QuantizeModelOptions } from "@lathe/recipes";
import { z } from "zod";
import { defineVerb } from "../define-verb.js";
import { hostEngineOptions } from "../options/engine-options.js";
import { modelOption } from "../options/model-options.js";

const options = z.object({
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

export const verb = defineVerb({
  description:
    "fp16 and bf16 folders are plain Hugging Face models; int8 is one scale a weight row, as compressed-tensors has it; nf4 is 4 bits a weight, as bitsandbytes has it.",
  examples: [
    "lathe quantize --model models/base --output models/base-int8 --format int8",
    "lathe quantize --model models/base --output models/base-nf4 --format nf4",
  ],
  options,
  async run(_values, { messages, recipeOptions }) {
    const packed = await quantizeModel(recipeOptions<QuantizeModelOptions>());
    const { output, format, packedTensors, tensors, bytesBefore, bytesAfter } = packed;
    const sizes = [formatBytes(bytesBefore), formatBytes(bytesAfter)] as const;
    return { json: { ...packed }, text: messages.packed(output, packedTensors, tensors, format, ...sizes) };
  },
});
