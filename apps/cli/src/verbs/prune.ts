import { option } from "@lathe/command";
import { pruneMethods, pruneModel, type PruneModelOptions } from "@lathe/recipes";
import { z } from "zod";
import { defineVerb } from "../define-verb.js";
import { engineOptions, hostEngineOptions } from "../options/engine-options.js";
import { modelOption } from "../options/model-options.js";
import { rowsPath } from "../options/path-details.js";

/** A share, or a pattern such as `2:4`. */
const sparsity = z.union([
  z.number().gt(0).lt(1),
  z.templateLiteral([z.number(), ":", z.number()]),
]) as z.ZodType<PruneModelOptions["sparsity"]>;

const options = z.object({
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

export const verb = defineVerb({
  description: "The linears of the layers get zeros; types, all other weights and the embedding stay.",
  examples: [
    "lathe prune --model models/base --output models/sparse --sparsity 0.5 --method wanda --calibration rows.jsonl",
    "lathe prune --model models/base --output models/sparse-2-4 --sparsity 2:4",
  ],
  options,
  async run(_values, { messages, recipeOptions }) {
    const pruned = await pruneModel(recipeOptions<PruneModelOptions>());
    const { output, linears, zeros, weights } = pruned;
    const share = `${((100 * zeros) / weights).toFixed(1)} %`;
    return { json: { ...pruned }, text: messages.pruned(output, linears, share) };
  },
});
