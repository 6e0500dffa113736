import { z } from "zod";

/** Stop texts that a request may name. */
const MAXIMUM_STOPS = 16;
/** Alternatives whose probabilities a request may ask for at each token. */
export const MAXIMUM_TOP_LOGPROBS = 20;

/** Fields of OpenAI's requests for text that both kinds of request have. */
export const commonFields = {
  model: z.string().min(1),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  /** Not OpenAI's, but common: the k likeliest tokens alone. */
  top_k: z.int().min(0).nullish(),
  /** Not OpenAI's, but common; see {@link "@lathe/model".SamplingOptions}. */
  repetition_penalty: z.number().gt(0).max(10).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  logit_bias: z.record(z.string().regex(/^\d{1,9}$/), z.number().min(-100).max(100)).nullish(),
  max_tokens: z.int().min(1).nullish(),
  seed: z.int().nullish(),
  stop: z.union([z.string().min(1), z.array(z.string().min(1)).max(MAXIMUM_STOPS)]).nullish(),
  n: z.int().min(1).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
};

/** What is asked of either kind of request, once its fields are in order. */
export type CommonRequest = z.output<z.ZodObject<typeof commonFields>>;
