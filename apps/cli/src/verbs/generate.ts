import { field, phrase } from "@lathe/files";
import { readTools } from "@lathe/data";
import { respond, type RespondOptions } from "@lathe/recipes";
import { generateOptions } from "@lathe/recipes/options";
import { defineVerb } from "../define-verb.js";

export const verb = defineVerb({
  description:
    "With --json: text without control tokens, and the new ids alone; text is null where the model has no tokenizer.",
  examples: [
    'lathe generate --model models/base --prompt "你好" --max-new-tokens 64',
    "lathe generate --model models/base --ids 1,2,3 --temperature 0.7 --top-p 0.9 --seed 1 --json",
  ],
  options: generateOptions,
  async run({ tools }, { json, io, narrator, note, recipeOptions }) {
    const pieces = respond({
      ...recipeOptions<RespondOptions>(),
      ...(tools === undefined ? {} : { tools: await readTools(tools) }),
    });
    let next = await pieces.next();
    for (; !next.done; next = await pieces.next()) {
      narrator.end();
      if (!json) io.stdout.write(next.value.text);
    }
    const { text, ids, finishReason } = next.value;
    if (text !== null && !json) io.stdout.write("\n");
    if (finishReason === "length") note(phrase`cut after ${ids.length} tokens (${field("maxNewTokens")})`);
    return { json: { text, ids, finishReason }, text: text === null ? ids.join(",") : "" };
  },
});
