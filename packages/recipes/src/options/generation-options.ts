import { option, optionGroup } from "@lathe/files";
import { DEFAULT_MAX_NEW_TOKENS, samplingDefaults } from "@lathe/model";
import { z } from "zod";

/** How text is continued; the keys are those of `GenerationOptions`. */
export const generationOptions = optionGroup(
  "Generation",
  {
    maxNewTokens: option(z.int().min(1).default(DEFAULT_MAX_NEW_TOKENS), "new tokens at most", {
      unit: "tokens",
    }),
    temperature: option(
      z.number().min(0).default(samplingDefaults.temperature),
      "divides the logits; 0 takes the likeliest token",
    ),
    topK: option(z.int().min(0).default(samplingDefaults.topK), "only the k likeliest tokens; 0 for all", {
      placeholder: "k",
    }),
    topP: option(
      z.number().positive().max(1).default(samplingDefaults.topP),
      "only the likeliest tokens whose probabilities sum to p",
      { placeholder: "p" },
    ),
    repetitionPenalty: option(
      z.number().positive().default(samplingDefaults.repetitionPenalty),
      "above 1: tokens that have occurred become less likely",
    ),
    stop: option(z.array(z.string().min(1)).default([]), "texts that end a reply and are left out of it", {
      placeholder: "text",
    }),
    seed: option(z.int().min(0).default(samplingDefaults.seed), "same seed, same text"),
    cache: option(
      z.enum(["auto", "fp32", "bf16", "int8"]).default("auto"),
      "how keys and values of past tokens are kept; auto for the engine's default",
      { placeholder: "format" },
    ),
  },
  "generation",
);
