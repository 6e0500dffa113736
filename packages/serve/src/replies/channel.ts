/** Values from one who does not wait to one who does. */
export class Channel<Value> {
  readonly #values: Value[] = [];
  #end: { readonly error?: unknown } | null = null;
  #wake: (() => void) | null = null;
  #endPause: (() => void) | null = null;

  /** Sends a value; none goes through once the channel has ended. */
  push(value: Value): void {
    if (this.#end) return;
    this.#values.push(value);
    this.#wake?.();
  }

  /** Ends it after what was sent; with an error that the receiver is to throw, if there is one. */
  end(end: { readonly error?: unknown } = {}): void {
    this.#end ??= end;
    this.#wake?.();
    this.#endPause?.();
  }

  /**
   * What was sent, as it comes: at once all that has come since it was last given.
   * @param first how many times it is given as soon as it is there
   * @param pause milliseconds between two times after those, unless it has ended
   */
  async *receive(first = 0, pause = 0): AsyncGenerator<readonly Value[], void, undefined> {
    let last = Number.NEGATIVE_INFINITY;
    for (let times = 0; ;) {
      if (this.#values.length > 0) {
        const rest = times < first ? 0 : last + pause - performance.now();
        if (rest > 0 && !this.#end) await this.#pause(rest);
        times++;
        last = performance.now();
        yield this.#values.splice(0);
        continue;
      }
      if (this.#end && "error" in this.#end) throw this.#end.error;
      if (this.#end) return;
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = null;
    }
  }

  async #pause(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#endPause = null;
  }
}
