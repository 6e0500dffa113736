import { formatTable } from "@lathe/command";
import { scoreRows } from "@lathe/eval/model";
import { z } from "zod";
import { defineVerb } from "../define-verb.js";
import { openModel, readModelFolder } from "../model/open-model.js";
import { engineOptions } from "../options/engine-options.js";
import { adapterOption, dataOption, modelOption, tokensPerBatchOption } from "../options/model-options.js";
import { readLabelledRows, warnOfLongRows } from "../rows/labelled-rows.js";

const options = z.object({
  model: modelOption(),
  adapter: adapterOption(),
  data: dataOption('rows to score, in any shape; {"input_ids","labels"} needs no tokenizer'),
  tokensPerBatch: tokensPerBatchOption(),
  ...engineOptions,
});

export const scoreVerb = defineVerb({
  description:
    "The loss is the mean over all labels, in nats. Of pairs and dialogues the replies are scored, of token rows what their labels say; -100 is not.",
  examples: [
    "lathe score --model models/base --data prepared/test.jsonl",
    "lathe score --model models/base --adapter runs/first/adapter --data prepared/test.jsonl --json",
  ],
  options,
  async run(given, context) {
    const { words } = context.messages;
    const folder = await readModelFolder(given.model);
    const rows = await readLabelledRows(given.data, folder);
    warnOfLongRows(rows, folder, context);
    const { model } = await openModel(folder, given, context);
    const bar = context.progress({ label: context.messages.scoring });
    try {
      const {
        loss,
        perplexity,
        tokens,
        rows: scores,
      } = await scoreRows(model, rows, {
        tokensPerBatch: given.tokensPerBatch,
        signal: context.signal,
        onProgress: bar.update,
      });
      return {
        json: { loss, perplexity, tokens, rows: scores },
        text: formatTable(
          [words.rows, words.labels, words.loss, words.perplexity],
          [[rows.length, tokens, loss, perplexity]],
        ),
      };
    } finally {
      bar.end();
      model.dispose();
    }
  },
});
