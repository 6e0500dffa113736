import { phrase } from "@lathe/files";
import { pruneModel, type PruneModelOptions } from "@lathe/recipes";
import { pruneOptions } from "@lathe/recipes/options";
import { defineVerb } from "../define-verb.js";

export const verb = defineVerb({
  description: "The linears of the layers get zeros; types, all other weights and the embedding stay.",
  examples: [
    "lathe prune --model models/base --output models/sparse --sparsity 0.5 --method wanda --calibration rows.jsonl",
    "lathe prune --model models/base --output models/sparse-2-4 --sparsity 2:4",
  ],
  options: pruneOptions,
  async run(_values, { recipeOptions }) {
    const pruned = await pruneModel(recipeOptions<PruneModelOptions>());
    const { output, linears, zeros, weights } = pruned;
    const share = `${((100 * zeros) / weights).toFixed(1)} %`;
    const sentence = phrase`${output}: ${share} of the weights of ${linears} linears are zero`;
    return { json: { ...pruned }, text: [sentence] };
  },
});
