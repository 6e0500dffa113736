/** How many values lie from `from` up to, and without, `to`. */
export interface HistogramBin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** Values by their size, and what lies below which share of them. */
export interface Histogram {
  readonly bins: readonly HistogramBin[];
  readonly count: number;
  readonly sum: number;
  readonly longest: number;
}

/** Counts whole numbers from 0 in bins whose width doubles: 0, 1, 2–3, 4–7, … */
export class LengthHistogram {
  readonly #counts: number[] = [];
  #count = 0;
  #sum = 0;
  #longest = 0;

  add(length: number): void {
    const bin = length === 0 ? 0 : Math.floor(Math.log2(length)) + 1;
    while (this.#counts.length <= bin) this.#counts.push(0);
    this.#counts[bin] += 1;
    this.#count += 1;
    this.#sum += length;
    this.#longest = Math.max(this.#longest, length);
  }

  /** The counts so far, from the first bin with something in it to the last. */
  result(): Histogram {
    const first = Math.max(
      0,
      this.#counts.findIndex((count) => count > 0),
    );
    const bins = this.#counts.slice(first).map((count, at) => {
      const bin = first + at;
      return { from: bin === 0 ? 0 : 2 ** (bin - 1), to: 2 ** bin, count };
    });
    return { bins, count: this.#count, sum: this.#sum, longest: this.#longest };
  }
}
