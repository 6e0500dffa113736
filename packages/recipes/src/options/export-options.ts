import { ggufTypes, onnxTypes, webDefaults } from "@lathe/export";
import { formatBytes, option } from "@lathe/files";
import { packedFormatNames } from "@lathe/quant";
import { parseBytes } from "@lathe/train";
import { z } from "zod";
import { exportFormats } from "../export/export-model-options.js";
import { adapterOption, modelOption } from "./model-options.js";
import { rowsPath } from "./path-options.js";

/** What is exported, and into what. */
export const exportOptions = z.object({
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
    "keep it without replaying prompts in the program that reads it; the card says that nothing is proven",
  ),
  gatePrompts: option(
    z.string().min(1).optional(),
    "held-out rows whose prompts are replayed; without, a few of Lathe's are, where that program is installed",
    rowsPath("test"),
  ),
});
