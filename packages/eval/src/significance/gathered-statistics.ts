import { compactStatistics, type SegmentStatistics, type StatisticValues } from "./segment-statistics.js";

/**
 * Statistics of segments that are measured in parts, one part after the other, held once and in the least room: the numbers of a
 * part are written behind those of the parts before it, and widened all together where one does not fit.
 */
export class GatheredStatistics {
  #segments = 0;
  #values: StatisticValues = new Uint16Array(0);
  #last: SegmentStatistics | null = null;

  /** @param expected segments that there will be, for which room is made at once; more may come */
  constructor(private readonly expected: number) {}

  /** Adds the segments of a part, of which the numbers are copied. */
  add(part: SegmentStatistics): void {
    const { segments, width, values } = compactStatistics(part);
    const size = (this.#segments + segments) * width;
    const isWider = values.BYTES_PER_ELEMENT > this.#values.BYTES_PER_ELEMENT;
    if (isWider || size > this.#values.length) {
      const room = Math.max(size, this.expected * width);
      const wider = emptyLike(isWider ? values : this.#values, room);
      wider.set(this.#values.subarray(0, this.#segments * width));
      this.#values = wider;
    }
    this.#values.set(values, this.#segments * width);
    this.#segments += segments;
    this.#last = part;
  }

  /** The statistics of all segments that were added, which share the numbers. @throws RangeError where there are none */
  whole(): SegmentStatistics {
    if (this.#last === null) throw new RangeError("no statistics were gathered");
    const { width, score } = this.#last;
    return {
      segments: this.#segments,
      width,
      values: this.#values.subarray(0, this.#segments * width),
      score,
    };
  }
}

function emptyLike(values: StatisticValues, length: number): StatisticValues {
  if (values instanceof Uint16Array) return new Uint16Array(length);
  return values instanceof Uint32Array ? new Uint32Array(length) : new Float64Array(length);
}
