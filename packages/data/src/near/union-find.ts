import { GrowingArray } from "../spill/growing-array.js";

/** Sets that are joined pair by pair; each is known by its smallest member. */
export class UnionFind {
  readonly #parents = new GrowingArray((length) => new Int32Array(length));

  /** @param size members there are at first, 0 to `size - 1`, each a set of its own */
  constructor(size = 0) {
    for (let member = 0; member < size; member++) this.add();
  }

  /** Adds a member, a set of its own, and returns its number: they are counted from 0. */
  add(): number {
    this.#parents.push(this.#parents.size);
    return this.#parents.size - 1;
  }

  /** The smallest member of the set that a member is in. */
  find(member: number): number {
    const parents = this.#parents.values;
    let at = member;
    while (parents[at] !== at) {
      parents[at] = parents[parents[at]]; // halves the way for the next
      at = parents[at];
    }
    return at;
  }

  /** Makes one set of the sets of two members. */
  join(left: number, right: number): void {
    const [first, second] = [this.find(left), this.find(right)];
    this.#parents.values[Math.max(first, second)] = Math.min(first, second);
  }
}
