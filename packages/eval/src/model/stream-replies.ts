import {
  createStopCutter,
  type FinishReason,
  generate,
  type GenerationOptions,
  type LanguageModel,
  type Prompts,
  type Tokenizer,
} from "@lathe/model";

/** Prompts continued at one time where nothing is said. */
export const DEFAULT_BATCH_SIZE = 32;

/** Limits and hooks of {@link streamReplies}. */
export interface StreamRepliesOptions extends Omit<GenerationOptions, "onBegin"> {
  /**
   * Prompts continued at one time. The native engine computes up to eight as it computes one, so that their replies are those of each
   * alone; more are products of another kind, whose sums are rounded otherwise, with activations in bf16 where weights are. A reply then
   * parts from that of its prompt alone where two tokens are nearly as likely. @defaultValue 32
   */
  readonly batchSize?: number;
  /**
   * Texts that end a reply, for which `tokenizer` is needed. The id that completes one is the reply's last; `cutAtStop`
   * takes the stop text off the decoded reply. @defaultValue none
   */
  readonly stop?: readonly string[];
  /** Finds the stop texts in what is generated. */
  readonly tokenizer?: Pick<Tokenizer, "streamDecoder">;
  /** Hears of every new token, by the number of its prompt. */
  readonly onToken?: (prompt: number) => void;
}

/** A reply that is complete. */
export interface StreamedReply {
  /** Number of the prompt. */
  readonly prompt: number;
  /** New ids, without the stop id that ended it. */
  readonly ids: number[];
  readonly finishReason: FinishReason;
  /** Seconds from when the prompt was taken up to its first token, and to its last. */
  readonly firstTokenSeconds: number;
  readonly seconds: number;
}

/** A reply under way. */
interface Growing {
  readonly ids: number[];
  readonly isStopped: ((id: number) => boolean) | null;
  readonly begun: number;
  first: number | null;
}

/**
 * Continues prompts, so many at a time, and gives out each reply when it is complete, whatever the order: only the replies
 * under way are held. Where one ends, the next prompt takes its place.
 *
 * @param prompts token ids, at least one each
 * @throws SamplingError, RangeError for an option out of range, or stop texts without a tokenizer
 * @throws NonFiniteLogitsError if the weights or an adapter hold values that are not finite
 * @throws the signal's reason when it aborts: an AbortError, unless told otherwise
 */
export async function* streamReplies(
  model: LanguageModel,
  prompts: Prompts,
  { batchSize = DEFAULT_BATCH_SIZE, stop = [], tokenizer, onToken, ...options }: StreamRepliesOptions = {},
): AsyncGenerator<StreamedReply, void, undefined> {
  if (stop.length > 0 && !tokenizer) throw new RangeError("stop: expected a tokenizer with stop texts");
  const stopIds = new Set(options.stopIds ?? model.config.endOfSequenceIds);
  const growing = new Map<number, Growing>();
  const onBegin = (prompt: number): void => {
    const isStopped = stop.length > 0 ? stopFinder(stop, tokenizer!) : null;
    growing.set(prompt, { ids: [], isStopped, begun: performance.now(), first: null });
  };
  const tokens = generate(
    model,
    prompts,
    { ...options, batchSize, onBegin },
    ({ sequence, id }) => growing.get(sequence)!.isStopped?.(id) ?? false,
  );
  for await (const { sequence: prompt, id, finishReason } of tokens) {
    const reply = growing.get(prompt)!;
    reply.first ??= performance.now();
    if (!(finishReason !== null && stopIds.has(id))) reply.ids.push(id);
    onToken?.(prompt);
    if (finishReason === null) continue;
    growing.delete(prompt);
    const secondsTo = (time: number): number => (time - reply.begun) / 1000;
    yield {
      prompt,
      ids: reply.ids,
      finishReason,
      firstTokenSeconds: secondsTo(reply.first),
      seconds: secondsTo(performance.now()),
    };
  }
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
