import { option } from "@lathe/files";
import { z } from "zod";
import { engineOptions } from "./engine-options.js";
import { generationOptions } from "./generation-options.js";
import { promptReasoningOption } from "./learnt-options.js";
import { adapterOption, modelOption, streamOption } from "./model-options.js";

/** Who one talks to, and how it answers. */
export const chatOptions = z.object({
  model: modelOption(),
  adapter: adapterOption(),
  stream: streamOption(),
  system: option(z.string().min(1).optional(), "system message that begins the conversation", {
    placeholder: "text",
  }),
  tools: option(z.string().min(1).optional(), "JSON file: list of tools that the chat template shows", {
    field: null,
    placeholder: "file",
  }),
  reasoning: promptReasoningOption(),
  ...generationOptions,
  ...engineOptions,
});
