/** What a {@link RunControl} is told to do. */
export type RunOrder = "pause" | "resume" | "abort";

/**
 * Steers a run from outside of the loop that takes its steps: pauses it, lets it go on, ends it early. What it is told holds
 * for every run that it is given to, also for one that begins later; an abort is for good.
 */
export class RunControl {
  readonly #abort = new AbortController();
  readonly #listeners = new Set<(order: RunOrder) => void>();
  #isPaused = false;

  /** Aborts with {@link RunControl.abort}. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Lets no further step begin; the one at hand is completed. */
  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#tell("pause");
  }

  /** Lets a paused run go on, to the bits that it would have come to without the pause. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#tell("resume");
  }

  /**
   * Ends the run, paused or not, between micro-batches: a checkpoint of its last complete step is written.
   * @param reason what a run throws that was not at its first step yet; an AbortError unless given
   */
  abort(reason?: unknown): void {
    if (this.signal.aborted) return;
    this.#abort.abort(reason);
    this.#tell("abort");
  }

  /** Hears of every order until the function that is returned is called. */
  listen(listener: (order: RunOrder) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Settles once the run may take a step, or must look at its signal. @param signal another one that ends the pause */
  async whenRunning(signal?: AbortSignal): Promise<void> {
    const mayGoOn = (): boolean => !this.#isPaused || this.signal.aborted || signal?.aborted === true;
    if (mayGoOn()) return;
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (!mayGoOn()) return;
        stopListening();
        signal?.removeEventListener("abort", look);
        resolve();
      };
      const stopListening = this.listen(look);
      signal?.addEventListener("abort", look);
    });
  }

  #tell(order: RunOrder): void {
    for (const listener of [...this.#listeners]) listener(order);
  }
}
