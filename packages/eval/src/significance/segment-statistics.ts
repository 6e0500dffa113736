/** Numbers of segments: counts are held as such, in a quarter or half of the room of a fraction. */
export type StatisticValues = Float64Array | Uint32Array | Uint16Array;

/**
 * Numbers of each segment that add up, and the score that follows from a sum: all that resampling needs, whatever the
 * metric. A corpus metric such as BLEU keeps its counts, a mean its score.
 */
export interface SegmentStatistics {
  readonly segments: number;
  /** Numbers a segment has. */
  readonly width: number;
  /** `[segment][number]`, flat. */
  readonly values: StatisticValues;
  /** The score of the sum of so many segments; the sums may be written over. */
  readonly score: (sums: Float64Array, segments: number) => number;
}

/** The statistics of a metric that is the mean of its segments' scores. */
export function meanStatistics(scores: ArrayLike<number>): SegmentStatistics {
  return {
    segments: scores.length,
    width: 1,
    values: Float64Array.from(scores),
    score: ([sum], segments) => sum / segments,
  };
}

/** The same statistics in the least room that holds every number as it is. */
export function compactStatistics(statistics: SegmentStatistics): SegmentStatistics {
  const { values } = statistics;
  let greatest = 0;
  for (let place = 0; place < values.length; place++) {
    const value = values[place];
    if (value !== value >>> 0) return statistics;
    if (value > greatest) greatest = value;
  }
  return {
    ...statistics,
    values: greatest <= 0xffff ? Uint16Array.from(values) : Uint32Array.from(values),
  };
}

/** Adds the numbers of all segments, in their order, to sums. @param sums `[number]` */
export function addSums(sums: Float64Array, { values, width }: SegmentStatistics): void {
  for (let start = 0; start < values.length; start += width) {
    for (let place = 0; place < width; place++) sums[place] += values[start + place];
  }
}

/** The sum over all segments. */
export function sumsOf(statistics: SegmentStatistics): Float64Array {
  const sums = new Float64Array(statistics.width);
  addSums(sums, statistics);
  return sums;
}

/** The score of all segments together. */
export const scoreOf = (statistics: SegmentStatistics): number =>
  statistics.score(sumsOf(statistics), statistics.segments);

/** The score of each segment from its own numbers. */
export function eachScore({ segments, width, values, score }: SegmentStatistics): number[] {
  return Array.from({ length: segments }, (_, segment) =>
    score(Float64Array.from(values.subarray(segment * width, (segment + 1) * width)), 1),
  );
}
