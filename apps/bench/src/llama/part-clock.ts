import type { PartOutcome } from "./replies-job.js";

/** Times the tokens of sequences that are continued together. */
export class PartClock {
  readonly #started = performance.now();
  readonly #begun = new Set<number>();
  #prompted: number | null = null;
  #decoded = 0;

  /** @param sequences continued together */
  constructor(readonly sequences: number) {}

  /** A new token of a sequence. */
  token(sequence: number): void {
    if (this.#prompted !== null) this.#decoded++;
    this.#begun.add(sequence);
    if (this.#begun.size === this.sequences) this.#prompted ??= performance.now();
  }

  /** What was counted until now. */
  end(): PartOutcome {
    const now = performance.now();
    const prompted = this.#prompted ?? now;
    return {
      promptSeconds: (prompted - this.#started) / 1000,
      decoded: this.#decoded,
      decodeSeconds: (now - prompted) / 1000,
    };
  }
}
