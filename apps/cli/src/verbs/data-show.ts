import { showRow, type ShowRowOptions, tellRow } from "@lathe/recipes";
import { showRowOptions } from "@lathe/recipes/options";
import { defineVerb } from "../define-verb.js";

export const verb = defineVerb({
  description:
    "Shows a row as a model is trained on it: what the chat template writes, the replies, and every token. What is learnt is green on a terminal and in brackets elsewhere.",
  examples: [
    "lathe data show rows.jsonl --row 3 --model models/base",
    "lathe data show prepared --split test --row 1 --model models/base --json",
  ],
  options: showRowOptions,
  positional: "data",
  async run({ full }, { io, recipeOptions }) {
    const shown = await showRow(recipeOptions<ShowRowOptions>());
    const isColoured = io.stdout.isTTY === true;
    return { json: { ...shown }, text: tellRow(shown, { isColoured, isFull: full }) };
  },
});
