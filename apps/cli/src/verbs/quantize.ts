import { formatBytes, phrase } from "@lathe/files";
import { quantizeModel, type QuantizeModelOptions } from "@lathe/recipes";
import { quantizeOptions } from "@lathe/recipes/options";
import { defineVerb } from "../define-verb.js";

export const verb = defineVerb({
  description:
    "fp16 and bf16 folders are plain Hugging Face models; int8 is one scale a weight row, as compressed-tensors has it; nf4 is 4 bits a weight, as bitsandbytes has it.",
  examples: [
    "lathe quantize --model models/base --output models/base-int8 --format int8",
    "lathe quantize --model models/base --output models/base-nf4 --format nf4",
  ],
  options: quantizeOptions,
  async run(_values, { recipeOptions }) {
    const packed = await quantizeModel(recipeOptions<QuantizeModelOptions>());
    const { output, format, packedTensors, tensors, bytesBefore, bytesAfter } = packed;
    const [before, after] = [formatBytes(bytesBefore), formatBytes(bytesAfter)];
    const sentence = phrase`${output}: ${packedTensors} of ${tensors} tensors packed as ${format}, ${before} → ${after}`;
    return { json: { ...packed }, text: [sentence] };
  },
});
