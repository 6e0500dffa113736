import { phrase } from "@lathe/files";
import type { StepReport } from "@lathe/train";
import type { FinetuneSummary } from "../finetune.js";
import type { FinetuneOptions } from "../finetune-options.js";
import { expectation, RecipeError } from "../recipe-error.js";
import type { OnRecipeEvent } from "../recipe-event.js";
import { errorCarried } from "./carried-error.js";
import type { HostMessage, HostRequest } from "./host-messages.js";
import type { HostPlace } from "./host-place.js";
import { openThread } from "./open-thread.js";

/** A run that a thread can be asked for: its model and rows are named, or rows are plain values. */
export interface HostFinetuneOptions extends Omit<
  FinetuneOptions,
  "model" | "data" | "validation" | "engine"
> {
  readonly model?: string | undefined;
  readonly data?: string | readonly unknown[] | undefined;
  readonly validation?: string | readonly unknown[] | undefined;
  readonly engine?: string | undefined;
}

const program = new URL("./finetune-program.js", import.meta.url);

type Answer = Exclude<HostMessage, { type: "event" | "left" }>;

/** Who waits for an answer. */
interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** @throws RecipeError naming what no other thread can be handed */
function checkCarriable({ model, data, validation, engine }: HostFinetuneOptions): void {
  const faults = [
    ...Object.entries({ model, engine })
      .filter(([, value]) => value !== undefined && typeof value !== "string")
      .map(([key, value]) =>
        expectation(key, "a name, as a thread cannot share what is open in another", typeof value),
      ),
    ...Object.entries({ data, validation })
      .filter(([, value]) => value !== undefined && typeof value !== "string" && !Array.isArray(value))
      .map(([key, value]) =>
        expectation(key, "a file or an array of rows, for another thread", typeof value),
      ),
  ];
  if (faults.length > 0) throw new RecipeError(faults);
}

/**
 * `finetune` in a thread of its own: the same iterator of reports with the same events, summary and bits, while the thread that
 * asks goes on to answer others. A step is taken when it is asked for. Pausing and aborting by `control` or `signal` is heard between
 * micro-batches; an aborted run leaves a checkpoint to resume from. The thread ends with the iterator.
 *
 * @throws RecipeError naming what cannot be handed to a thread, such as a model that is open
 * @throws what {@link finetune} throws: errors of Lathe's classes are of the same class, with their fields; others are `Error`s
 */
export function hostFinetune(
  options: HostFinetuneOptions,
): AsyncGenerator<StepReport, FinetuneSummary, undefined> {
  return finetuneIn(() => openThread(program, phrase`the thread of a run`), options);
}

/** {@link hostFinetune} in any place. @param open opens it once the options are known to be carriable */
export async function* finetuneIn(
  open: () => HostPlace,
  options: HostFinetuneOptions,
): AsyncGenerator<StepReport, FinetuneSummary, undefined> {
  const { control, signal, onEvent, ...carried } = options;
  checkCarriable(options);
  control?.signal.throwIfAborted();
  signal?.throwIfAborted();
  const hosted = new HostedRun(open(), carried, onEvent);
  const stopListening = control?.listen((order) => hosted.send({ type: "order", order }));
  const abort = (): void => hosted.send({ type: "order", order: "abort" });
  signal?.addEventListener("abort", abort);
  if (control?.isPaused) hosted.send({ type: "order", order: "pause" });
  let isOver = false;
  try {
    for (;;) {
      const answer = await hosted.next();
      isOver = answer.type !== "step";
      if (answer.type === "end") return answer.summary;
      if (answer.type === "step") {
        yield answer.report;
        continue;
      }
      if (answer.isAbort) {
        control?.signal.throwIfAborted();
        signal?.throwIfAborted();
      }
      throw errorCarried(answer.error);
    }
  } finally {
    stopListening?.();
    signal?.removeEventListener("abort", abort);
    if (!isOver) await hosted.leave();
    await hosted.end();
  }
}

/** A run in another place. */
class HostedRun {
  readonly #place: HostPlace;
  #waiting: Waiting | null = null;
  #left: (() => void) | null = null;
  #failure: Error | null = null;

  constructor(place: HostPlace, options: FinetuneOptions, onEvent: OnRecipeEvent | undefined) {
    this.#place = place;
    place.listen(
      (message) => {
        if (message.type === "event") this.#hear(() => onEvent?.(message.event));
        else if (message.type === "left") this.#left?.();
        else this.#settle(({ resolve }) => resolve(message));
      },
      (error) => this.#fail(error),
    );
    this.send({ type: "begin", options });
  }

  send(request: HostRequest): void {
    this.#place.send(request);
  }

  /** Asks for a step. @throws what a listener threw, or what ended the thread */
  async next(): Promise<Answer> {
    if (this.#failure) throw this.#failure;
    return await new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.send({ type: "next" });
    });
  }

  /** Lets the run free what it holds, once the step at hand is done. */
  async leave(): Promise<void> {
    if (this.#failure) return;
    await new Promise<void>((resolve) => {
      this.#left = resolve;
      this.send({ type: "return" });
    });
  }

  async end(): Promise<void> {
    await this.#place.end();
  }

  #hear(listen: () => void): void {
    try {
      listen();
    } catch (error) {
      this.#settle(({ reject }) => reject(error));
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#settle(({ reject }) => reject(this.#failure));
    this.#left?.();
  }

  #settle(how: (waiting: Waiting) => void): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting) how(waiting);
  }
}
