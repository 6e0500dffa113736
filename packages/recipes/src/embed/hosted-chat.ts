import { phrase, SpokenError } from "@lathe/files";
import type { TextPiece } from "@lathe/model";
import { type ChatSide, RunChat, type RunChatOptions, type SideRequest } from "../chat/run-chat.js";
import type { Reply } from "../respond.js";
import { errorCarried } from "./carried-error.js";
import type { ChatMessageTold, ChatRequestMessage } from "./chat-messages.js";
import type { HostPlace } from "./host-place.js";
import { openThread } from "./open-thread.js";

const program = new URL("./chat-program.js", import.meta.url);

type Told = Exclude<ChatMessageTold, { type: "event" }>;

/**
 * A {@link RunChat} in a thread of its own: the same replies, while the thread that asks goes on to answer others, also while a model is
 * read or a long prompt is computed. To be asked one thing after the other.
 */
export class HostedChat {
  #place: HostPlace<ChatMessageTold, ChatRequestMessage> | null = null;
  #failure: Error | null = null;
  /** What was told and is not taken yet, and who waits for more. */
  #told: Told[] = [];
  #wake: (() => void) | null = null;

  private constructor(
    private readonly run: string,
    private readonly options: RunChatOptions,
  ) {}

  /**
   * Finds the two sides of a run; no thread is there yet, and nothing is loaded.
   * @param run its folder
   * @throws what {@link RunChat.open} throws
   */
  static async open(run: string, options: RunChatOptions = {}): Promise<HostedChat> {
    await RunChat.open(run, options);
    return new HostedChat(run, options);
  }

  /**
   * Answers as one side, piece by piece. A reply whose pieces are not asked for any more ends.
   * @throws what {@link RunChat.reply} throws: errors of Lathe's classes are of the same class, with their fields
   * @throws EndedByItselfError where the thread ended by itself; the next reply opens another
   */
  async *reply(
    side: ChatSide,
    { signal, ...request }: SideRequest,
  ): AsyncGenerator<TextPiece, Reply, undefined> {
    signal?.throwIfAborted();
    const place = (this.#place ??= this.#opened());
    this.#told = [];
    const stop = (): void => place.send({ type: "stop" });
    signal?.addEventListener("abort", stop);
    let isOver = false;
    try {
      place.send({ type: "reply", side, request });
      for (;;) {
        const told = await this.#next();
        isOver = told.type !== "piece";
        if (told.type === "piece") yield told.piece;
        else if (told.type === "end") return told.reply;
        else {
          if (told.isStop) signal?.throwIfAborted();
          throw errorCarried(told.error);
        }
      }
    } finally {
      signal?.removeEventListener("abort", stop);
      if (!isOver && this.#place === place) {
        stop();
        // The next reply is asked for when this one has ended.
        while ((await this.#next()).type === "piece");
      }
    }
  }

  /** Ends the thread and frees the model. The chat may be asked again, and then loads it anew. */
  async dispose(): Promise<void> {
    const place = this.#place;
    this.#place = null;
    this.#failure = new SpokenError("the chat was ended while it answered");
    this.#wake?.();
    await place?.end();
  }

  #opened(): HostPlace<ChatMessageTold, ChatRequestMessage> {
    const place = openThread<ChatMessageTold, ChatRequestMessage>(program, phrase`the thread of a chat`);
    this.#failure = null;
    place.listen(
      (message) => {
        if (message.type === "event") return this.options.onEvent?.(message.event);
        this.#told.push(message);
        this.#wake?.();
      },
      (error) => {
        if (this.#place !== place) return;
        this.#place = null;
        this.#failure = error;
        this.#wake?.();
      },
    );
    const { engine, precision } = this.options;
    place.send({ type: "begin", run: this.run, options: { engine, precision } });
    return place;
  }

  async #next(): Promise<Told> {
    while (this.#told.length === 0) {
      if (this.#failure) throw this.#failure;
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = null;
    }
    return this.#told.shift()!;
  }
}
