import { EXIT_DONE, EXIT_FAILED } from "@lathe/command";
import { type Batching, compareBatching, type CompareBatchingOptions, tellBatching } from "@lathe/recipes";
import { compareBatchingOptions } from "@lathe/recipes/options";
import { defineVerb, type VerbDefinition } from "../define-verb.js";

/** A verb that takes a step of training in two ways and compares them. */
export function batchingVerb(batching: Batching, description: string): VerbDefinition {
  return defineVerb({
    description,
    examples: [`lathe doctor ${batching} --model models/base --data rows.jsonl`],
    options: compareBatchingOptions,
    async run(_values, { recipeOptions }) {
      const fields = recipeOptions<Omit<CompareBatchingOptions, "batching">>();
      const found = await compareBatching({ ...fields, batching });
      return {
        json: { ...found },
        text: tellBatching(batching, found),
        exitCode: found.equal ? EXIT_DONE : EXIT_FAILED,
      };
    },
  });
}
