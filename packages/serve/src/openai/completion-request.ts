import { z } from "zod";
import { commonFields } from "./request-fields.js";

/** Alternatives at each token: OpenAI's limit for this kind of request. */
const MAXIMUM_LOGPROBS = 5;

const ids = z.array(z.int().min(0)).min(1);

/** Body of a request for `/v1/completions`. Fields that it does not name have no bearing on the answer. */
export const completionRequest = z.object({
  ...commonFields,
  prompt: z.union([
    z.string().transform((text) => [text]),
    z.array(z.string()).min(1),
    ids.transform((prompt) => [prompt]),
    z.array(ids).min(1),
  ]),
  logprobs: z.int().min(0).max(MAXIMUM_LOGPROBS).nullish(),
  // Fields that would change the answer and that there is no way to follow.
  suffix: z.union([z.null(), z.literal("")]).optional(),
  echo: z.literal(false).nullish(),
  best_of: z.literal(1).nullish(),
});

/** A request to continue texts. */
export type CompletionRequest = z.output<typeof completionRequest>;
