import { formatBytes, option } from "@lathe/command";
import { type MergedDtype, mergeIntoCheckpoint } from "@lathe/peft";
import { z } from "zod";
import { defineVerb } from "../define-verb.js";
import { hostEngineOptions } from "../options/engine-options.js";
import { modelOption } from "../options/model-options.js";
import { adapterPathFault } from "../paths/adapter-path-fault.js";

/** Names as `--precision` has them, and those of the files. */
const dtypes = { fp32: "F32", fp16: "F16", bf16: "BF16" } as const satisfies Record<string, MergedDtype>;

const options = z.object({
  model: modelOption(),
  adapter: option(z.string().min(1), "adapter folder", { placeholder: "dir", check: adapterPathFault }),
  output: option(z.string().min(1), "folder to make", { placeholder: "dir" }),
  dtype: option(z.enum(["keep", "fp32", "fp16", "bf16"]).default("keep"), "type of the weights written", {
    placeholder: "type",
  }),
  ...hostEngineOptions,
});

export const mergeVerb = defineVerb({
  description: "Writes a model folder that needs no adapter, tensor by tensor. Nothing is overwritten.",
  examples: [
    "lathe merge --model models/base --adapter runs/first/adapter --output models/tuned --dtype bf16",
  ],
  options,
  async run({ model, adapter, output, dtype }, { messages, progress, warn, signal }) {
    signal.throwIfAborted();
    const bar = progress({ label: messages.merging });
    try {
      const { changed, tensors, bytes } = await mergeIntoCheckpoint({
        model,
        adapter,
        output,
        ...(dtype === "keep" ? {} : { dtype: dtypes[dtype] }),
        onWarning: warn,
        onProgress(done, total) {
          signal.throwIfAborted();
          bar.update(done, total);
        },
      });
      return {
        json: { output, changed, tensors, bytes, dtype },
        text: messages.merged(output, changed, tensors, formatBytes(bytes)),
      };
    } finally {
      bar.end();
    }
  },
});
