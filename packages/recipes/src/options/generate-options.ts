import { option } from "@lathe/files";
import { z } from "zod";
import { engineOptions } from "./engine-options.js";
import { generationOptions } from "./generation-options.js";
import { promptReasoningOption } from "./learnt-options.js";
import { adapterOption, modelOption, streamOption } from "./model-options.js";

/** What a model is asked, and how it answers. */
export const generateOptions = z
  .object({
    model: modelOption(),
    adapter: adapterOption(),
    stream: streamOption(),
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
