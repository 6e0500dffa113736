import { addSums, type SegmentStatistics } from "./segment-statistics.js";

/** The score of segments of which only the sums are kept. */
export class RunningScore {
  #segments = 0;
  #sums = new Float64Array(0);
  #scoreOf: SegmentStatistics["score"] = () => NaN;

  /** Adds the next segments. */
  add(part: SegmentStatistics): void {
    if (this.#segments === 0) this.#sums = new Float64Array(part.width);
    addSums(this.#sums, part);
    this.#segments += part.segments;
    this.#scoreOf = part.score;
  }

  /** The score of all segments that were added; NaN where there are none. */
  get score(): number {
    return this.#scoreOf(this.#sums.slice(), this.#segments);
  }
}
