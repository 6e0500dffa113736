/** Values from one who does not wait to one who does. */
export class Channel<Value> {
  readonly #values: Value[] = [];
  #end: { readonly error?: unknown } | null = null;
  #wake: (() => void) | null = null;

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
  }

  /** What was sent, as it comes. */
  async *receive(): AsyncGenerator<Value, void, undefined> {
    for (;;) {
      while (this.#values.length > 0) yield this.#values.shift()!;
      if (this.#end && "error" in this.#end) throw this.#end.error;
      if (this.#end) return;
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = null;
    }
  }
}
