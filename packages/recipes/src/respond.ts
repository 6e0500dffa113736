import {
  type FinishReason,
  generate,
  generateText,
  type LanguageModel,
  readGenerationDefaults,
  type TextGenerationOptions,
  type TextPiece,
} from "@lathe/model";
import { withField } from "./fields-of-packages.js";
import {
  borrowModel,
  folderOf,
  type ModelInput,
  type OpenModelOptions,
  type StreamOptions,
} from "./model/open-model.js";
import { followPolicy, policyOf } from "./model/learnt-policy.js";
import type { ModelFolder } from "./model/model-folder.js";
import { promptIds, type PromptOptions, requireTokenizer } from "./model/prompt-ids.js";
import { warningOf } from "./recipe-event.js";

/** How text is continued; what is left out is as the model's `generation_config.json` says, or the library's default. */
export type ReplyOptions = Omit<TextGenerationOptions, "signal" | "onWarning">;

/** What {@link respond} answers, and how. */
export interface RespondOptions extends OpenModelOptions, StreamOptions, PromptOptions {
  readonly model: ModelInput;
  readonly generation?: ReplyOptions | undefined;
}

/** A whole reply. */
export interface Reply {
  /** Null where the model has no tokenizer. */
  readonly text: string | null;
  /** All new ids, the one that ended the reply included. */
  readonly ids: readonly number[];
  /** Why it ended: at a stop id or a stop text, or by its length. */
  readonly finishReason: FinishReason;
}

/**
 * Answers a dialogue or a text, or continues token ids, and yields the reply piece by piece as it comes. Without a
 * tokenizer the pieces have ids and no text. A model that is handed in open answers any number of dialogues.
 *
 * @returns the whole reply
 * @throws RecipeError naming the field
 * @throws NonFiniteLogitsError, EngineError and what reading a model throws
 * @throws the signal's reason when it aborts
 */
export async function* respond(options: RespondOptions): AsyncGenerator<TextPiece, Reply, undefined> {
  const { model: input, signal, onEvent } = options;
  const folder = await folderOf(input, onEvent);
  const generation = await withDefaults(folder, options);
  const { stop = [] } = generation;
  if (stop.length > 0) requireTokenizer(folder, "generation.stop");
  // Only what goes through a chat template has a policy.
  const isPlain = options.ids !== undefined || options.raw === true;
  const policy = isPlain
    ? null
    : followPolicy(options, [await policyOf(folder, options.adapter)], ["reasoning"], onEvent);
  const prompt = promptIds(folder, policy ? { ...options, reasoning: policy.reasoning } : options);
  const { opened, release } = await borrowModel(input, folder, { ...options, cache: generation.cache });
  try {
    const { model, tokenizer } = opened;
    const hooks = { ...(signal ? { signal } : {}), onWarning: warningOf(onEvent) };
    const ids: number[] = [];
    let text = "";
    let finishReason: FinishReason = "length";
    const pieces = tokenizer
      ? generateText(model, tokenizer, prompt, { ...generation, ...hooks })
      : generateIds(model, prompt, { ...generation, ...hooks });
    for await (const piece of pieces) {
      text += piece.text;
      ids.push(...piece.ids);
      finishReason = piece.finishReason ?? finishReason;
      yield piece;
    }
    return { text: tokenizer ? text : null, ids, finishReason };
  } catch (error) {
    throw withField(error);
  } finally {
    release();
  }
}

/** What was asked for and, for the rest, what the model's folder suggests, which is told. */
async function withDefaults(
  { path }: ModelFolder,
  { generation = {}, onEvent }: RespondOptions,
): Promise<ReplyOptions> {
  const { sampling, ignored } = await readGenerationDefaults(path);
  const asked = Object.fromEntries(Object.entries(generation).filter(([, value]) => value !== undefined));
  const taken = Object.fromEntries(Object.entries(sampling).filter(([key]) => !Object.hasOwn(asked, key)));
  if (Object.keys(taken).length > 0 || ignored.length > 0) {
    onEvent?.({ type: "sampling", sampling: taken, ignored });
  }
  return { ...taken, ...asked };
}

/** Pieces without text, for a model without a tokenizer. */
async function* generateIds(
  model: LanguageModel,
  prompt: readonly number[],
  { stream = 0, stop: _stop, ...options }: TextGenerationOptions,
): AsyncGenerator<TextPiece, void, undefined> {
  for await (const { id, finishReason } of generate(model, [prompt], { ...options, streams: [stream] })) {
    yield { text: "", ids: [id], finishReason };
  }
}
