import type { ChatMessage, ReasoningPolicy, Tools } from "@lathe/data";
import { InputError, phrase } from "@lathe/files";
import type { FinishReason, TextPiece } from "@lathe/model";
import {
  type OpenedModel,
  openModel,
  type OpenModelOptions,
  type StreamOptions,
} from "../model/open-model.js";
import type { RecipeEvent } from "../recipe-event.js";
import { type ReplyOptions, respond } from "../respond.js";

/** How a {@link Conversation} is begun. */
export interface ConversationOptions extends OpenModelOptions, StreamOptions {
  /** System message that it begins with. */
  readonly system?: string | undefined;
  /** Tools that the assistant may call. */
  readonly tools?: Tools | undefined;
  /** What prompts do about reasoning. @defaultValue that which stands beside the weights, else "keep" */
  readonly reasoning?: ReasoningPolicy | undefined;
  readonly generation?: ReplyOptions | undefined;
}

/** What was said to a model and what it replied. */
export interface Exchange {
  readonly user: string;
  readonly reply: string;
  /** Why the reply ended; null where it was interrupted. */
  readonly finishReason: FinishReason | null;
}

/**
 * A conversation with a model, turn by turn: the model sees all of it. What holds for every reply, such as how the model is sampled, is told
 * once. To be asked one thing after the other.
 */
export class Conversation {
  readonly #exchanges: Exchange[] = [];
  readonly #told = new Set<string>();
  #turns: ChatMessage[] = [];
  #reply: AbortController | null = null;

  private constructor(
    private readonly model: OpenedModel,
    private readonly options: ConversationOptions,
  ) {
    this.reset();
  }

  /**
   * Opens a model to talk with.
   * @throws InputError where it has no tokenizer, and what `openModel` throws
   */
  static async open(path: string, options: ConversationOptions = {}): Promise<Conversation> {
    const model = await openModel(path, { ...options, cache: options.cache ?? options.generation?.cache });
    if (model.tokenizer !== null) return new Conversation(model, options);
    model.dispose();
    throw new InputError(phrase`${path}: the folder has no tokenizer.json, which a conversation needs`);
  }

  /** All that was said, also what is forgotten. */
  get exchanges(): readonly Exchange[] {
    return this.#exchanges;
  }

  /**
   * Replies to what is said, piece by piece. A reply that is interrupted ends with what has come of it, which the model sees from then on.
   * @throws what `respond` throws; the signal's reason when it aborts
   */
  async *say(text: string): AsyncGenerator<TextPiece, Exchange, undefined> {
    const { signal, generation, tools, reasoning } = this.options;
    this.#turns.push({ role: "user", content: text });
    const interruption = new AbortController();
    this.#reply = interruption;
    let reply = "";
    let finishReason: FinishReason | null = null;
    try {
      const pieces = respond({
        model: this.model,
        messages: this.#turns,
        tools,
        reasoning,
        generation,
        signal: signal ? AbortSignal.any([signal, interruption.signal]) : interruption.signal,
        onEvent: (event) => this.#tellOnce(event),
      });
      let next = await pieces.next();
      for (; !next.done; next = await pieces.next()) {
        reply += next.value.text;
        yield next.value;
      }
      ({ finishReason } = next.value);
    } catch (error) {
      if (!interruption.signal.aborted) throw error;
    } finally {
      this.#reply = null;
    }
    this.#turns.push({ role: "assistant", content: reply });
    const exchange = { user: text, reply, finishReason };
    this.#exchanges.push(exchange);
    return exchange;
  }

  /** Ends the reply under way. @returns whether there was one */
  interrupt(): boolean {
    this.#reply?.abort();
    return this.#reply !== null;
  }

  /** Forgets all but the system message. */
  reset(): void {
    const { system } = this.options;
    this.#turns = system === undefined ? [] : [{ role: "system", content: system }];
  }

  /** Frees the model. */
  dispose(): void {
    this.model.dispose();
  }

  #tellOnce(event: RecipeEvent): void {
    const kind = event.type === "warning" ? event.phrase.template : event.type;
    if (event.type !== "progress" && this.#told.has(kind)) return;
    this.#told.add(kind);
    this.options.onEvent?.(event);
  }
}
