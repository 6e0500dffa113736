import { DEFAULT_MAX_NEW_TOKENS, type LanguageModel } from "@lathe/model";
import { streamReplies, type StreamRepliesOptions } from "./stream-replies.js";

/** Limits and hooks of {@link generateReplies}. */
export interface GenerateRepliesOptions extends Omit<StreamRepliesOptions, "onToken"> {
  /** Replies done, of all; replies under way count by their share of the tokens they may have. */
  readonly onProgress?: (repliesDone: number, prompts: number) => void;
}

/**
 * Continues every prompt, so many at a time: where a reply ends, the next prompt takes its place. Replies do not depend on
 * what they are batched with, up to rounding: each prompt has a random stream of its own.
 *
 * @param prompts token ids
 * @returns new ids a prompt, without the stop id that ended it
 * @throws RangeError for an option out of range, or stop texts without a tokenizer
 * @throws NonFiniteLogitsError if the weights or an adapter hold values that are not finite
 * @throws the signal's reason when it aborts: an AbortError, unless told otherwise
 */
export async function generateReplies(
  model: LanguageModel,
  prompts: readonly ArrayLike<number>[],
  options: GenerateRepliesOptions = {},
): Promise<number[][]> {
  const { maxNewTokens = DEFAULT_MAX_NEW_TOKENS, onProgress } = options;
  const replies: number[][] = prompts.map(() => []);
  const underWay = new Map<number, number>(); // tokens of each reply that is not finished
  let finished = 0;
  const onToken = (prompt: number): void => {
    underWay.set(prompt, (underWay.get(prompt) ?? 0) + 1);
    let shares = 0;
    for (const count of underWay.values()) shares += count / maxNewTokens;
    onProgress?.(finished + Math.floor(shares), prompts.length);
  };
  for await (const { prompt, ids } of streamReplies(model, prompts, { ...options, onToken })) {
    replies[prompt] = ids;
    underWay.delete(prompt);
    finished++;
    onProgress?.(finished, prompts.length);
  }
  return replies;
}
