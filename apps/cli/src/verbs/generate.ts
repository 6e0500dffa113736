import { option, UsageError } from "@lathe/command";
import { type ChatMessage, encodeConversation, encodeTextPrompt, readTools } from "@lathe/data";
import { generate, generateText } from "@lathe/model";
import { z } from "zod";
import { defineVerb } from "../define-verb.js";
import { openModel, readModelFolder } from "../model/open-model.js";
import { checkIds, requireTokenizer } from "../model/prompt.js";
import { samplingOf } from "../model/sampling.js";
import { engineOptions } from "../options/engine-options.js";
import { generationOptions } from "../options/generation-options.js";
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
      placeholder: "file",
    }),
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

export const generateVerb = defineVerb({
  description:
    "With --json: text without control tokens, and the new ids alone; text is null where the model has no tokenizer.",
  examples: [
    'lathe generate --model models/base --prompt "你好" --max-new-tokens 64',
    "lathe generate --model models/base --ids 1,2,3 --temperature 0.7 --top-p 0.9 --seed 1 --json",
  ],
  options,
  async run(given, context) {
    const { json, io } = context;
    const folder = await readModelFolder(given.model);
    const { tokenizer, config } = folder;
    const { prompt, system, ids, stop } = given;
    if (stop.length > 0) requireTokenizer(tokenizer, given.model, "--stop");
    let promptIds: readonly number[];
    if (prompt === undefined) {
      promptIds = ids ?? [];
      checkIds(promptIds, config);
    } else {
      const encoder = requireTokenizer(tokenizer, given.model, "--prompt");
      for (const name of ["system", "tools"] as const) {
        if (given[name] === undefined || encoder.hasChatTemplate) continue;
        throw new UsageError([`${given.model}: the model has no chat template, which --${name} needs`]);
      }
      const messages: ChatMessage[] = [
        ...(system === undefined ? [] : [{ role: "system", content: system } as const]),
        { role: "user", content: prompt },
      ];
      const tools = given.tools === undefined ? {} : { tools: await readTools(given.tools) };
      promptIds =
        given.raw || !encoder.hasChatTemplate
          ? encodeTextPrompt(prompt, encoder)
          : encodeConversation({ messages, ...tools }, encoder, { addGenerationPrompt: true }).inputIds;
      if (promptIds.length === 0) throw new UsageError(["--prompt: the text has no tokens"]);
    }
    const { model } = await openModel(folder, given, context);
    try {
      const sampling = samplingOf(given, context);
      const ids: number[] = [];
      if (!tokenizer) {
        for await (const { id } of generate(model, [promptIds], sampling)) ids.push(id);
        return { json: { text: null, ids }, text: ids.join(",") };
      }
      let text = "";
      for await (const piece of generateText(model, tokenizer, promptIds, { ...sampling, stop })) {
        text += piece.text;
        ids.push(...piece.ids);
        if (!json) io.stdout.write(piece.text);
      }
      if (!json) io.stdout.write("\n");
      return { json: { text, ids }, text: "" };
    } finally {
      model.dispose();
    }
  },
});
