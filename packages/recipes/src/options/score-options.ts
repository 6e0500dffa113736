import { z } from "zod";
import { engineOptions } from "./engine-options.js";
import { measuredLossOnOption, measuredReasoningOption } from "./learnt-options.js";
import { adapterOption, dataOption, modelOption, tokensPerBatchOption } from "./model-options.js";

/** Which rows are scored, by which model. */
export const scoreOptions = z.object({
  model: modelOption(),
  adapter: adapterOption(),
  data: dataOption('rows to score, in any shape; {"input_ids","labels"} needs no tokenizer'),
  tokensPerBatch: tokensPerBatchOption(),
  lossOn: measuredLossOnOption(),
  reasoning: measuredReasoningOption(),
  ...engineOptions,
});
