/** Splits a text that comes in pieces at the first of a mark. */
export class MarkFinder {
  #held = "";
  #isFound = false;

  /** @param mark at least one character */
  constructor(readonly mark: string) {}

  /** Whether the mark has come. */
  get isFound(): boolean {
    return this.#isFound;
  }

  /**
   * Takes the next piece.
   * @returns what is certain to stand before the mark, and what follows it, once it has come
   */
  push(piece: string): { readonly before: string; readonly after: string } {
    if (this.#isFound) return { before: "", after: piece };
    const text = this.#held + piece;
    const place = text.indexOf(this.mark);
    if (place >= 0) {
      this.#isFound = true;
      this.#held = "";
      return { before: text.slice(0, place), after: text.slice(place + this.mark.length) };
    }
    let held = Math.min(this.mark.length - 1, text.length);
    while (held > 0 && !this.mark.startsWith(text.slice(text.length - held))) held--;
    this.#held = text.slice(text.length - held);
    return { before: text.slice(0, text.length - held), after: "" };
  }

  /** What was held back, when no more comes. */
  end(): string {
    const held = this.#held;
    this.#held = "";
    return held;
  }
}
