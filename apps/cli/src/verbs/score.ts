import { phrase } from "@lathe/files";
import { evaluateModel, type EvaluateModelOptions } from "@lathe/recipes";
import { scoreOptions } from "@lathe/recipes/options";
import { defineVerb } from "../define-verb.js";

export const verb = defineVerb({
  description:
    "The loss is the mean over all labels, in nats. Of pairs and dialogues the replies are scored, of token rows what their labels say; -100 is not.",
  examples: [
    "lathe score --model models/base --data prepared/test.jsonl",
    "lathe score --model models/base --adapter runs/first/adapter --data prepared/test.jsonl --json",
  ],
  options: scoreOptions,
  async run(_values, { recipeOptions }) {
    const scored = await evaluateModel({ ...recipeOptions<EvaluateModelOptions>(), metrics: [] });
    const { loss, perplexity, tokens, rows } = scored;
    const head = [phrase`rows`, phrase`labels`, phrase`loss`, phrase`perplexity`];
    return {
      json: { loss, perplexity, tokens, rows },
      text: [{ head, rows: [[rows.length, tokens, loss, perplexity]] }],
    };
  },
});
