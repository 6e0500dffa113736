import { option } from "@lathe/files";
import { z } from "zod";
import { pruneMethods, type PruneModelOptions } from "../prune-model.js";
import { engineOptions, hostEngineOptions } from "./engine-options.js";
import { modelOption } from "./model-options.js";
import { rowsPath } from "./path-options.js";

/** A share, or a pattern such as `2:4`. */
const sparsity = z.union([
  z.number().gt(0).lt(1),
  z.templateLiteral([z.number(), ":", z.number()]),
]) as z.ZodType<PruneModelOptions["sparsity"]>;

/** What becomes sparse, and how. */
export const pruneOptions = z.object({
  model: modelOption(),
  output: option(z.string().min(1), "folder to make", { placeholder: "dir" }),
  sparsity: option(sparsity, "share of weights that become zero, or a pattern such as 2:4 or 4:8", {
    placeholder: "share",
  }),
  method: option(
    z.enum(pruneMethods).default("magnitude"),
    "what decides: the size of a weight, or that times the size of what it multiplies",
  ),
  compared: option(
    z.enum(["matrix", "row"]).optional(),
    "weights among which a share is taken by magnitude: those of the matrix, or of each output",
    { placeholder: "which", defaultText: "matrix" },
  ),
  calibration: option(z.string().min(1).optional(), "rows for wanda, in any shape", rowsPath("calibration")),
  calibrationTokens: option(z.int().min(1).optional(), "tokens of those rows at most", {
    unit: "tokens",
    defaultText: "65536",
  }),
  ...engineOptions,
  // Packed weights would be judged by what rounding has made of them.
  quantize: hostEngineOptions.quantize,
});
