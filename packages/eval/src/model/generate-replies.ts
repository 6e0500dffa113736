import { DEFAULT_MAX_NEW_TOKENS, generate, type GenerationOptions, type LanguageModel } from "@lathe/model";

/** Limits and hooks of {@link generateReplies}. */
export interface GenerateRepliesOptions extends GenerationOptions {
  /** Prompts continued at one time. @defaultValue 32 */
  readonly batchSize?: number;
  /** Replies done, of all; replies under way count by their share of the tokens they may have. */
  readonly onProgress?: (repliesDone: number, prompts: number) => void;
}

/**
 * Continues every prompt, a batch at a time.
 * @param prompts token ids
 * @returns new ids a prompt, without the id that ended it
 */
export async function generateReplies(
  model: LanguageModel,
  prompts: readonly ArrayLike<number>[],
  { batchSize = 32, onProgress, ...options }: GenerateRepliesOptions = {},
): Promise<number[][]> {
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new RangeError(`batchSize: expected a whole number from 1, got ${batchSize}`);
  }
  const stopIds = new Set(options.stopIds ?? model.config.endOfSequenceIds);
  const replies: number[][] = prompts.map(() => []);
  const { maxNewTokens = DEFAULT_MAX_NEW_TOKENS } = options;
  // Prompts of like length together: a batch's first pass is then no larger than it need be.
  const order = prompts.map((_, index) => index).sort((a, b) => prompts[a].length - prompts[b].length);
  let finished = 0;
  for (let start = 0; start < order.length; start += batchSize) {
    const batch = order.slice(start, start + batchSize);
    const underWay = batch.map(() => 0); // tokens of each reply that is not finished
    const tokens = generate(
      model,
      batch.map((index) => prompts[index]),
      options,
    );
    for await (const { sequence, id, last } of tokens) {
      if (!(last && stopIds.has(id))) replies[batch[sequence]].push(id);
      underWay[sequence] = last ? 0 : underWay[sequence] + 1;
      if (last) finished++;
      const shares = underWay.reduce((sum, count) => sum + count, 0) / maxNewTokens;
      onProgress?.(finished + Math.floor(shares), prompts.length);
    }
  }
  return replies;
}
