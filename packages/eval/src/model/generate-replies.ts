import { generate, type GenerationOptions, type LanguageModel } from "@lathe/model";

/** Limits and hooks of {@link generateReplies}. */
export interface GenerateRepliesOptions extends GenerationOptions {
  /** Prompts continued at one time. @defaultValue 32 */
  readonly batchSize?: number;
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
  let done = 0;
  // Prompts of like length together: a batch's first pass is then no larger than it need be.
  const order = prompts.map((_, index) => index).sort((a, b) => prompts[a].length - prompts[b].length);
  for (let start = 0; start < order.length; start += batchSize) {
    const batch = order.slice(start, start + batchSize);
    const tokens = generate(
      model,
      batch.map((index) => prompts[index]),
      options,
    );
    for await (const { sequence, id, last } of tokens) {
      if (!(last && stopIds.has(id))) replies[batch[sequence]].push(id);
      if (last) onProgress?.(++done, prompts.length);
    }
  }
  return replies;
}
