import { EXIT_DONE, EXIT_FAILED } from "@lathe/command";
import { type Batching, compareBatching, type CompareBatchingOptions } from "@lathe/recipes";
import { z } from "zod";
import { defineVerb, type VerbDefinition } from "../define-verb.js";
import { engineOptions } from "../options/engine-options.js";
import { learntRowOptions } from "../options/learnt-options.js";
import { dataOption, modelOption } from "../options/model-options.js";

const options = z.object({
  model: modelOption(),
  data: dataOption("rows to learn, as for train"),
  ...learntRowOptions(),
  ...engineOptions,
});

/** A verb that takes a step of training in two ways and compares them. */
export function batchingVerb(batching: Batching, description: string): VerbDefinition {
  return defineVerb({
    description,
    examples: [`lathe doctor ${batching} --model models/base --data rows.jsonl`],
    options,
    async run(_values, { messages, recipeOptions }) {
      const fields = recipeOptions<Omit<CompareBatchingOptions, "batching">>();
      const found = await compareBatching({ ...fields, batching });
      const { rows, equal, tolerance, lossDifference, gradientDifference, labelDifference } = found;
      const shown = [lossDifference, labelDifference, gradientDifference].map(
        (difference) => difference?.toExponential(1) ?? null,
      ) as [string, string | null, string];
      return {
        json: { ...found },
        text: messages.batchingCompared(batching, rows, equal, shown, tolerance.toExponential(0)),
        exitCode: equal ? EXIT_DONE : EXIT_FAILED,
      };
    },
  });
}
