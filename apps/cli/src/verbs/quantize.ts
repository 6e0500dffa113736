import { formatBytes, option } from "@lathe/command";
import { packedFormatNames, quantizeCheckpoint } from "@lathe/quant";
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
    {
      placeholder: "format",
    },
  ),
  overwrite: option(z.boolean().default(false), "replace a folder that quantize made"),
  ...hostEngineOptions,
});

export const quantizeVerb = defineVerb({
  description:
    "fp16 and bf16 folders are plain Hugging Face models; int8 is one scale a weight row, as compressed-tensors has it; nf4 is 4 bits a weight, as bitsandbytes has it.",
  examples: [
    "lathe quantize --model models/base --output models/base-int8 --format int8",
    "lathe quantize --model models/base --output models/base-nf4 --format nf4",
  ],
  options,
  async run({ model, output, format, overwrite }, { messages, progress, signal, warn }) {
    const bar = progress({ label: messages.quantising });
    try {
      const { packedTensors, tensors, bytesBefore, bytesAfter } = await quantizeCheckpoint({
        model,
        output,
        format,
        overwrite,
        signal,
        onWarning: warn,
        onProgress: (done, total, tensor) => bar.update(done, total, tensor ?? ""),
      });
      return {
        json: { output, format, packedTensors, tensors, bytesBefore, bytesAfter },
        text: messages.packed(
          output,
          packedTensors,
          tensors,
          format,
          formatBytes(bytesBefore),
          formatBytes(bytesAfter),
        ),
      };
    } finally {
      bar.end();
    }
  },
});
