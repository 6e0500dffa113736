/** What a forward pass keeps for its pullback. A tensor is one; an engine may have forms of its own. */
export interface Kept {
  /** Gives its memory back. Called once, by the tape. */
  dispose(): void;
}

/**
 * What the records of one tape keep together, so that what several of them need is kept once. An engine puts a part of its own
 * here, and counts in it who still needs what.
 */
export class KeptTogether {
  readonly #parts = new Map<() => object, object>();

  /** The part that `make` makes; made when it is first asked for. */
  part<Part extends object>(make: () => Part): Part {
    const known = this.#parts.get(make);
    if (known) return known as Part;
    const part = make();
    this.#parts.set(make, part);
    return part;
  }

  /** Forgets all parts. What records keep is theirs to dispose. */
  clear(): void {
    this.#parts.clear();
  }
}
