/** Tokens that a request took. */
export interface Usage {
  readonly promptTokens: number;
  /** Of these, those whose keys and values were kept from texts before. */
  cachedTokens: number;
  completionTokens: number;
}

/** Tokens as OpenAI's interface tells them. */
export const usageShape = ({ promptTokens, cachedTokens, completionTokens }: Usage): object => ({
  prompt_tokens: promptTokens,
  completion_tokens: completionTokens,
  total_tokens: promptTokens + completionTokens,
  prompt_tokens_details: { cached_tokens: cachedTokens },
});
