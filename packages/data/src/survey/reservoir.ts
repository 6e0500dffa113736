import { threefry2x32 } from "@lathe/kernels";

/**
 * Keeps a number of items of a sequence whose length is not known, each with the same chance: Vitter, "Random Sampling with a Reservoir",
 * 1985, algorithm R.
 */
export class Reservoir<Item> {
  readonly #items: Item[] = [];
  #seen = 0;

  /**
   * @param size most items kept
   * @param seed chooses among the possible samples; a whole number from 0
   */
  constructor(
    readonly size: number,
    readonly seed: number,
  ) {}

  /** The items kept, in no particular order. */
  get items(): readonly Item[] {
    return this.#items;
  }

  /** Takes the next item of the sequence. */
  add(item: Item): void {
    if (this.#items.length < this.size) this.#items.push(item);
    else {
      const [high] = threefry2x32([this.seed, 0], [this.#seen, 0]);
      const place = Math.floor((high / 2 ** 32) * (this.#seen + 1));
      if (place < this.size) this.#items[place] = item;
    }
    this.#seen += 1;
  }
}
