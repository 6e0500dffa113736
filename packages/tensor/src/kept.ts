/** What a forward pass keeps for its pullback. A tensor is one; an engine may have forms of its own. */
export interface Kept {
  /** Gives its memory back. Called once, by the tape. */
  dispose(): void;
}

/**
 * Runs a body that keeps one thing after another for the tape. What it has kept goes again if it throws: until the body has
 * handed all of it over, nobody else knows of it.
 *
 * @param body given a function that takes note of what was kept and hands it back
 */
export function keeping<Result>(body: (keep: <One extends Kept>(kept: One) => One) => Result): Result {
  const kept: Kept[] = [];
  try {
    return body((one) => {
      kept.push(one);
      return one;
    });
  } catch (error) {
    for (const one of kept) one.dispose();
    throw error;
  }
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
