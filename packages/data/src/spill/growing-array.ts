const FIRST_CAPACITY = 1024;

/** A typed array that grows at its end, for the few numbers that are kept of every row. */
export class GrowingArray<Values extends Int32Array | Uint8Array | Float64Array> {
  /** What the values are read from and may be set in; only the first {@link size} count, and `push` may put another in its place. */
  values: Values;
  #size = 0;

  /** @param make a new array of a length */
  constructor(readonly make: (length: number) => Values) {
    this.values = make(FIRST_CAPACITY);
  }

  /** Number of values. */
  get size(): number {
    return this.#size;
  }

  /** Adds a value at the end. */
  push(value: number): void {
    if (this.#size === this.values.length) {
      const larger = this.make(this.#size + (this.#size >>> 1)); // by half: what is copied is soon free again
      larger.set(this.values);
      this.values = larger;
    }
    this.values[this.#size++] = value;
  }
}
