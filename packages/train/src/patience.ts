/**
 * Early stopping (Prechelt, 1998): a run has no more patience after so many evaluations in a row without a lower loss than the
 * lowest before them.
 */
export class Patience {
  #lowest = Number.POSITIVE_INFINITY;
  #waited = 0;

  /** @param evaluations to wait; 0 for without end */
  constructor(readonly evaluations: number) {}

  /** Takes note of an evaluation. */
  note(loss: number): void {
    if (loss < this.#lowest) {
      this.#lowest = loss;
      this.#waited = 0;
    } else {
      this.#waited++;
    }
  }

  /** Whether the run should end. */
  get isExhausted(): boolean {
    return this.evaluations > 0 && this.#waited >= this.evaluations;
  }
}
