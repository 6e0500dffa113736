import {
  type BatchedSequence,
  type FinishReason,
  type LanguageModel,
  type RowGroup,
  SequenceBatch,
  type SequenceOptions,
} from "@lathe/model";
import type { CacheFormat } from "@lathe/tensor";
import { KeptTexts } from "./kept-texts.js";

/** Why a reply ended, or what failed it. */
export type ReplyEnd = { readonly finishReason: FinishReason } | { readonly error: unknown };

/** A reply to compute. Its calls come between the steps of the batch. */
export interface ReplyTask extends Pick<
  SequenceOptions,
  "sampling" | "stream" | "maxNewTokens" | "stopIds" | "onLogits"
> {
  readonly prompt: readonly number[];
  /** What it is computed under: the key of an adapter, or null for the base. */
  readonly group: string | null;
  /** Ends it: its client has gone, or its time is over. */
  readonly signal: AbortSignal;
  /** The prompt is being computed; so many of its tokens were kept from other texts. */
  readonly onBegin?: (cachedTokens: number) => void;
  /** A token has come. @returns whether the reply ends with it, for a reason that ids do not show */
  readonly onToken: (id: number) => boolean;
  /** The reply has ended; nothing comes after this. */
  readonly onEnd: (end: ReplyEnd) => void;
}

/** Tokens of prompts computed between two tokens of the replies that are going on. */
const PROMPT_TOKENS = 512;

/** How many replies are computed and wait. */
export interface SchedulerLimits {
  /** Replies computed at one time. */
  readonly batchSize: number;
  /** Replies that wait for a place at most. */
  readonly queueSize: number;
  /** Tokens whose keys and values are held at most: of replies under way, with what they may still become, and of kept texts. */
  readonly cacheTokens: number;
}

/** What a {@link ReplyScheduler} works with. */
export interface SchedulerOptions extends SchedulerLimits {
  readonly cache?: CacheFormat | "auto" | undefined;
  /** Makes the model compute rows under their groups. */
  readonly arrange: (rows: readonly RowGroup[]) => void;
  /** Hears of each step: seconds that it took, and replies that it was for. */
  readonly onStep?: (seconds: number, replies: number) => void;
}

/** There is no place for more replies, not even to wait. */
export class OverloadedError extends Error {
  override readonly name = "OverloadedError";

  /** @param waiting replies that wait already */
  constructor(readonly waiting: number) {
    super(`${waiting} replies wait already`);
  }
}

/** No more replies are begun. */
export class StoppingError extends Error {
  override readonly name = "StoppingError";

  constructor() {
    super("the server is stopping");
  }
}

/** Computes replies in one batch that they join and leave between its steps, and keeps the beginnings of texts. */
export class ReplyScheduler {
  readonly #options: SchedulerOptions;
  readonly #batch: SequenceBatch;
  readonly #kept = new KeptTexts();
  #waiting: ReplyTask[] = [];
  readonly #running = new Map<BatchedSequence, ReplyTask>();
  #work: Promise<void> | null = null;
  #isStopping = false;

  constructor(model: LanguageModel, options: SchedulerOptions) {
    this.#options = options;
    this.#batch = new SequenceBatch(model, {
      cache: options.cache,
      arrange: options.arrange,
      tokensPerPass: PROMPT_TOKENS,
    });
  }

  /** Replies under way. */
  get running(): number {
    return this.#running.size;
  }

  /** Replies that wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Tokens of kept texts. */
  get keptTokens(): number {
    return this.#kept.tokens;
  }

  /** Whether no more replies are begun. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Whether replies of a group are under way or wait. */
  isAtWork(group: string | null): boolean {
    return [...this.#running.values(), ...this.#waiting].some((task) => task.group === group);
  }

  /** Lets go of the kept texts of a group. */
  forget(group: string | null): void {
    this.#kept.forget(group);
  }

  /**
   * Takes up replies, all or none.
   * @throws OverloadedError, StoppingError
   */
  submit(tasks: readonly ReplyTask[]): void {
    if (this.#isStopping) throw new StoppingError();
    const { batchSize, queueSize } = this.#options;
    if (this.running + this.waiting + tasks.length > batchSize + queueSize) {
      throw new OverloadedError(this.waiting);
    }
    this.#waiting.push(...tasks);
    this.#work ??= this.#run().finally(() => (this.#work = null));
  }

  /** Begins no more replies, and resolves when those that are under way or wait have ended. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#work;
  }

  /** Frees what is held. To be called when nothing is under way. */
  dispose(): void {
    this.#kept.shrink(0);
    this.#batch.dispose();
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0 || this.#running.size > 0) {
      // Lets requests in between the steps.
      await new Promise((resolve) => setImmediate(resolve));
      this.#dropAborted();
      this.#admit();
      if (this.#running.size > 0) await this.#step();
    }
  }

  #dropAborted(): void {
    for (const [sequence, task] of this.#running) {
      if (task.signal.aborted) this.#end(sequence, task, { error: task.signal.reason });
    }
    const gone = this.#waiting.filter(({ signal }) => signal.aborted);
    if (gone.length === 0) return;
    this.#waiting = this.#waiting.filter((task) => !gone.includes(task));
    for (const task of gone) task.onEnd({ error: task.signal.reason });
  }

  /** First come, first served: one that wants much does not wait for ever behind those that want little. */
  #admit(): void {
    const { batchSize, cacheTokens } = this.#options;
    while (this.#waiting.length > 0 && this.#running.size < batchSize) {
      const [task] = this.#waiting;
      const wanted = reserved(task);
      const taken = this.#taken();
      if (taken + wanted > cacheTokens && this.#running.size > 0) return;
      this.#waiting.shift();
      const { onLogits, sampling, stream, maxNewTokens, stopIds, prompt, group } = task;
      const common = this.#kept.longest(group, prompt);
      try {
        const asked = { prompt, sampling, stream, maxNewTokens, stopIds, group, onLogits };
        this.#running.set(this.#batch.join({ ...asked, prefix: common ?? undefined }), task);
        task.onBegin?.(common?.length ?? 0);
      } catch (error) {
        task.onEnd({ error });
      }
      this.#kept.shrink(Math.max(0, cacheTokens - taken - wanted));
    }
  }

  async #step(): Promise<void> {
    const start = performance.now();
    let outcomes: Awaited<ReturnType<SequenceBatch["step"]>>;
    try {
      outcomes = await this.#batch.step();
    } catch (error) {
      // What fails a whole pass, such as memory that is not there, fails all replies in it; those to come may do better.
      this.#kept.shrink(0);
      for (const [sequence, task] of this.#running) this.#end(sequence, task, { error });
      return;
    }
    // Of prompts in passes no token has come yet.
    this.#options.onStep?.((performance.now() - start) / 1000, this.#running.size);
    for (const outcome of outcomes) {
      const { sequence } = outcome;
      const task = this.#running.get(sequence)!;
      if ("error" in outcome) {
        this.#end(sequence, task, { error: outcome.error });
        continue;
      }
      try {
        const finishReason = task.onToken(outcome.id) ? "stop" : outcome.finishReason;
        if (finishReason === null) continue;
        this.#keep(sequence, task);
        this.#end(sequence, task, { finishReason });
      } catch (error) {
        this.#end(sequence, task, { error });
      }
    }
  }

  /** Keeps a text that has ended, where there is room for it beside those under way. */
  #keep(sequence: BatchedSequence, task: ReplyTask): void {
    const room = this.#options.cacheTokens - this.#taken() + reserved(task);
    if (sequence.ids.length > room) return;
    this.#kept.shrink(room - sequence.ids.length);
    const held = this.#batch.hold(sequence);
    if (held) this.#kept.keep(task.group, held);
  }

  #taken(): number {
    let tokens = 0;
    for (const task of this.#running.values()) tokens += reserved(task);
    return tokens;
  }

  #end(sequence: BatchedSequence, task: ReplyTask, end: ReplyEnd): void {
    this.#batch.leave(sequence);
    this.#running.delete(sequence);
    task.onEnd(end);
  }
}

/** Tokens that a reply may come to. */
const reserved = ({ prompt, maxNewTokens }: ReplyTask): number => prompt.length + maxNewTokens;
