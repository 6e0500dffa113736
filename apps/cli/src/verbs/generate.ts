import { option } from "@lathe/command";
import { readTools } from "@lathe/data";
import { respond, type RespondOptions } from "@lathe/recipes";
import { z } from "zod";
import { defineVerb } from "../define-verb.js";
import { engineOptions } from "../options/engine-options.js";
import { generationOptions } from "../options/generation-options.js";
import { promptReasoningOption } from "../options/learnt-options.js";
import { adapterOption, modelOption } from "../options/model-options.js";

const options = z
  .object({
    model: modelOption(),
    adapter: adapterOption(),
    prompt: option(z.string().min(1).optional(), "text to answer, put into the model's chat template", {
      placeholder: "text",
    }),
    system: option(z.string().min(1).optional(), "system message before the prompt", { placeholder: "text" }),
    tools: option(z.string().min(1).optional(), "JSON file: list of tools that the chat template shows", {
      field: null,
      placeholder: "file",
    }),
    reasoning: promptReasoningOption(),
    raw: option(z.boolean().default(false), "continue the prompt as it stands, without the chat template"),
    ids: option(z.array(z.int().min(0)).min(1).optional(), "token ids to continue, in place of a prompt", {
      placeholder: "1,2,3",
      separator: ",",
    }),
    ...generationOptions,
    ...engineOptions,
  })
  .refine(({ prompt, ids }) => (prompt === undefined) !== (ids === undefined), {
    error: "expected either --prompt TEXT or --ids 1,2,3",
  })
  .refine(({ system, ids, raw }) => system === undefined || (ids === undefined && !raw), {
    error: "--system goes with --prompt in a chat template, not with --ids or --raw",
  })
  .refine(({ tools, ids, raw }) => tools === undefined || (ids === undefined && !raw), {
    error: "--tools goes with --prompt in a chat template, not with --ids or --raw",
  });

export const verb = defineVerb({
  description:
    "With --json: text without control tokens, and the new ids alone; text is null where the model has no tokenizer.",
  examples: [
    'lathe generate --model models/base --prompt "你好" --max-new-tokens 64',
    "lathe generate --model models/base --ids 1,2,3 --temperature 0.7 --top-p 0.9 --seed 1 --json",
  ],
  options,
  async run({ tools }, { json, io, messages, narrator, note, recipeOptions }) {
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
    if (finishReason === "length") note(messages.replyCut(ids.length));
    return { json: { text, ids, finishReason }, text: text === null ? ids.join(",") : "" };
  },
});
