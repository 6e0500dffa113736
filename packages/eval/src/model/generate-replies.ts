import {
  createStopCutter,
  DEFAULT_MAX_NEW_TOKENS,
  generate,
  type GenerationOptions,
  type LanguageModel,
  type Tokenizer,
} from "@lathe/model";

/** Limits and hooks of {@link generateReplies}. */
export interface GenerateRepliesOptions extends GenerationOptions {
  /** Prompts continued at one time. @defaultValue 32 */
  readonly batchSize?: number;
  /**
   * Texts that end a reply, for which `tokenizer` is needed. The id that completes one is the reply's last; `cutAtStop`
   * takes the stop text off the decoded reply. @defaultValue none
   */
  readonly stop?: readonly string[];
  /** Finds the stop texts in what is generated. */
  readonly tokenizer?: Pick<Tokenizer, "streamDecoder">;
  /** Replies done, of all; replies under way count by their share of the tokens they may have. */
  readonly onProgress?: (repliesDone: number, prompts: number) => void;
}

/**
 * Continues every prompt, a batch at a time. Replies do not depend on the batches, up to rounding: each prompt has a
 * random stream of its own.
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
  { batchSize = 32, stop = [], tokenizer, onProgress, onWarning, ...options }: GenerateRepliesOptions = {},
): Promise<number[][]> {
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new RangeError(`batchSize: expected a whole number from 1, got ${batchSize}`);
  }
  if (stop.length > 0 && !tokenizer) throw new RangeError("stop: expected a tokenizer with stop texts");
  const { maxNewTokens = DEFAULT_MAX_NEW_TOKENS, streams = prompts.map((_, index) => index) } = options;
  if (streams.length !== prompts.length) {
    throw new RangeError(`streams: expected ${prompts.length}, one a prompt, got ${streams.length}`);
  }
  const stopIds = new Set(options.stopIds ?? model.config.endOfSequenceIds);
  const replies: number[][] = prompts.map(() => []);
  // Prompts of like length together: a batch's first pass is then no larger than it need be.
  const order = prompts.map((_, index) => index).sort((a, b) => prompts[a].length - prompts[b].length);
  let finished = 0;
  let isWarned = false;
  for (let start = 0; start < order.length; start += batchSize) {
    const batch = order.slice(start, start + batchSize);
    const underWay = batch.map(() => 0); // tokens of each reply that is not finished
    const texts = stop.length > 0 ? batch.map(() => stopFinder(stop, tokenizer!)) : null;
    const tokens = generate(
      model,
      batch.map((index) => prompts[index]),
      {
        ...options,
        streams: batch.map((index) => streams[index]),
        onWarning: (message) => {
          if (!isWarned) onWarning?.(message);
          isWarned = true;
        },
      },
      ({ sequence, id }) => texts?.[sequence](id) ?? false,
    );
    for await (const { sequence, id, finishReason } of tokens) {
      const last = finishReason !== null;
      if (!(last && stopIds.has(id))) replies[batch[sequence]].push(id);
      underWay[sequence] = last ? 0 : underWay[sequence] + 1;
      if (last) finished++;
      const shares = underWay.reduce((sum, count) => sum + count, 0) / maxNewTokens;
      onProgress?.(finished + Math.floor(shares), prompts.length);
    }
  }
  return replies;
}

/** Takes the ids of a reply one by one; tells whether a stop text is complete. */
function stopFinder(
  stop: readonly string[],
  tokenizer: Pick<Tokenizer, "streamDecoder">,
): (id: number) => boolean {
  const cutter = createStopCutter(stop);
  const decoder = tokenizer.streamDecoder();
  return (id) => {
    cutter.push(decoder.push(id));
    return cutter.stopped;
  };
}
