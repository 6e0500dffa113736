import { formatTable } from "@lathe/command";
import { evaluateModel, type EvaluateModelOptions } from "@lathe/recipes";
import { z } from "zod";
import { defineVerb } from "../define-verb.js";
import { engineOptions } from "../options/engine-options.js";
import { measuredLossOnOption, measuredReasoningOption } from "../options/learnt-options.js";
import { adapterOption, dataOption, modelOption, tokensPerBatchOption } from "../options/model-options.js";

const options = z.object({
  model: modelOption(),
  adapter: adapterOption(),
  data: dataOption('rows to score, in any shape; {"input_ids","labels"} needs no tokenizer'),
  tokensPerBatch: tokensPerBatchOption(),
  lossOn: measuredLossOnOption(),
  reasoning: measuredReasoningOption(),
  ...engineOptions,
});

export const verb = defineVerb({
  description:
    "The loss is the mean over all labels, in nats. Of pairs and dialogues the replies are scored, of token rows what their labels say; -100 is not.",
  examples: [
    "lathe score --model models/base --data prepared/test.jsonl",
    "lathe score --model models/base --adapter runs/first/adapter --data prepared/test.jsonl --json",
  ],
  options,
  async run(_values, { messages: { words }, recipeOptions }) {
    const scored = await evaluateModel({ ...recipeOptions<EvaluateModelOptions>(), metrics: [] });
    const { loss, perplexity, tokens, rows } = scored;
    const head = [words.rows, words.labels, words.loss, words.perplexity];
    return {
      json: { loss, perplexity, tokens, rows },
      text: formatTable(head, [[rows.length, tokens, loss, perplexity]]),
    };
  },
});
