import type { LanguageModel } from "../decoder/language-model.js";
import type { StreamDecoder } from "../tokenizer/stream-decoder.js";
import { generate, type GenerationOptions } from "./generate.js";
import type { FinishReason } from "./sequence-batch.js";
import { createStopCutter } from "./stop-texts.js";

/** When and how to continue a prompt with text. */
export interface TextGenerationOptions extends Omit<GenerationOptions, "streams" | "batchSize" | "onBegin"> {
  /**
   * Texts that end a reply and are left out of it. Control tokens have no text: `stopIds` is for them.
   * @defaultValue none
   */
  readonly stop?: readonly string[];
  /** Number of the prompt's random stream; see {@link GenerationOptions.streams}. @defaultValue 0 */
  readonly stream?: number;
}

/** What is new of a reply. Texts and ids joined are the reply's; between them the text may lag behind the ids. */
export interface TextPiece {
  /** Text that is certain: never part of a character, nor of a stop text. Without the ending id's own text. */
  readonly text: string;
  /** Ids since the last piece, the one that ended the reply included. */
  readonly ids: readonly number[];
  /** Why the reply ends with this piece; null while it goes on. */
  readonly finishReason: FinishReason | null;
}

/**
 * Continues a prompt and gives out its text as soon as it is certain. A piece has text, except a last one that may only
 * have ids, and the last one says why the reply ended. Ends at a stop id, at the first stop text that is complete, or by length; a character cut short by length
 * shows as U+FFFD, as the tokenizer decodes it.
 *
 * @param tokenizer turns ids into text; a `Tokenizer` is one
 * @param prompt token ids, at least one
 * @throws SamplingError for an option out of range, RangeError for an empty prompt
 * @throws NonFiniteLogitsError if the weights or an adapter hold values that are not finite
 * @throws the signal's reason when it aborts: an AbortError, unless told otherwise
 */
export async function* generateText(
  model: LanguageModel,
  tokenizer: { streamDecoder(): StreamDecoder },
  prompt: ArrayLike<number>,
  { stop = [], stream = 0, ...options }: TextGenerationOptions = {},
): AsyncGenerator<TextPiece, void, undefined> {
  const cutter = createStopCutter(stop);
  const decoder = tokenizer.streamDecoder();
  const stopIds = new Set(options.stopIds ?? model.config.endOfSequenceIds);
  let ids: number[] = [];
  const tokens = generate(model, [prompt], { ...options, streams: [stream] });
  for await (const { id, finishReason: reason } of tokens) {
    ids.push(id);
    let text = stopIds.has(id) ? "" : cutter.push(decoder.push(id));
    if (reason !== null && !cutter.stopped) text += cutter.push(decoder.end()) + cutter.end();
    const finishReason = cutter.stopped ? "stop" : reason;
    if (text === "" && finishReason === null) continue;
    yield { text, ids, finishReason };
    if (finishReason !== null) return;
    ids = [];
  }
}
