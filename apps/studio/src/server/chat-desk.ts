import { type ChatSide, HostedChat, type RunChatOptions } from "@lathe/recipes";
import { type Phrase, phraseOfError } from "@lathe/files";
import type { ChatEvents, ChatRequest } from "../runs-api.js";

/** Something said in a chat. */
export type ChatEvent = {
  readonly [Name in keyof ChatEvents]: { readonly name: Name; readonly data: ChatEvents[Name] };
}[keyof ChatEvents];

/** Conversations that wait at most. */
const MOST_WAITING = 8;

/** Milliseconds after the last reply for which a model stays in memory. */
const MODEL_AGE = 10 * 60_000;

/** Answers conversations one after the other, so that one model is in memory at a time, in a thread beside those that serve. */
export class ChatDesk {
  #open: { readonly folder: string; readonly stamp: string; readonly chat: HostedChat } | null = null;
  #turn: Promise<void> = Promise.resolve();
  #waiting = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: RunChatOptions) {}

  /** Whether no more conversations are taken for now. */
  get isFull(): boolean {
    return this.#waiting >= MOST_WAITING;
  }

  /**
   * Answers as each side that is asked.
   * @param folder of the run
   * @param stamp changes when the run does, whose files are then read anew
   * @param say a fault in the language of who asks
   */
  async *answer(
    folder: string,
    stamp: string,
    { sides, maxNewTokens, temperature }: ChatRequest,
    say: (sentence: Phrase) => string,
    signal: AbortSignal,
  ): AsyncGenerator<ChatEvent, void, undefined> {
    if (this.#waiting > 0) yield { name: "waiting", data: {} };
    const before = this.#turn;
    let done = (): void => undefined;
    this.#turn = new Promise((resolve) => (done = resolve));
    this.#waiting++;
    try {
      await before;
      signal.throwIfAborted();
      clearTimeout(this.#timer);
      const chat = await this.#chatOf(folder, stamp);
      for (const { side, messages } of sides) {
        yield { name: "begin", data: { side } };
        const turns = messages.map((turn) => ({ ...turn }));
        yield* answerAs(chat, side, { messages: turns, generation: { maxNewTokens, temperature }, signal });
      }
    } catch (error) {
      // Who has gone hears nothing.
      if (!signal.aborted) yield { name: "fault", data: { message: say(phraseOfError(error)) } };
    } finally {
      this.#waiting--;
      this.#timer = setTimeout(() => void this.dispose(), MODEL_AGE);
      this.#timer.unref();
      done();
    }
  }

  /** Frees the model when nobody is being answered any longer. */
  async dispose(): Promise<void> {
    await this.#turn;
    clearTimeout(this.#timer);
    await this.#open?.chat.dispose();
    this.#open = null;
  }

  async #chatOf(folder: string, stamp: string): Promise<HostedChat> {
    if (this.#open?.folder === folder && this.#open.stamp === stamp) return this.#open.chat;
    await this.#open?.chat.dispose();
    this.#open = null;
    const chat = await HostedChat.open(folder, this.options);
    this.#open = { folder, stamp, chat };
    return chat;
  }
}

async function* answerAs(
  chat: HostedChat,
  side: ChatSide,
  request: Parameters<HostedChat["reply"]>[1],
): AsyncGenerator<ChatEvent, void, undefined> {
  const pieces = chat.reply(side, request);
  for (;;) {
    const next = await pieces.next();
    if (next.done) {
      const { finishReason, ids } = next.value;
      yield { name: "end", data: { side, finishReason, tokens: ids.length } };
      return;
    }
    if (next.value.text !== "") yield { name: "piece", data: { side, text: next.value.text } };
  }
}
