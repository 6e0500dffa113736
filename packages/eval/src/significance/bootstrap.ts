import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { checkWholeNumber } from "../scores/segments.js";
import type { SegmentStatistics } from "./segment-statistics.js";

/** How the bootstrap draws. */
export interface BootstrapOptions {
  /** Sets of rows that are drawn with replacement, each as large as the original. @defaultValue 1000 */
  readonly resamples?: number;
  /** @defaultValue 12345 */
  readonly seed?: number;
}

/** The seed of resampling where none is given; scores with intervals are then the same in every run. */
export const RESAMPLING_SEED = 12_345;

/**
 * Scores of resampled rows (Efron, 1979; of corpus metrics: Koehn, 2004, https://aclanthology.org/W04-3250). Every metric
 * and every system gets the same draws, so that differences between them are those of the same rows.
 *
 * @param statistics of the same segments, for instance of two systems
 * @returns `[statistics][resample]`
 * @throws MetricOptionError when there is no resample to draw
 */
export function bootstrapScores(
  statistics: readonly SegmentStatistics[],
  { resamples = 1000, seed = RESAMPLING_SEED }: BootstrapOptions = {},
): Float64Array[] {
  checkWholeNumber("resamples", resamples, 1);
  const scores = statistics.map(() => new Float64Array(resamples));
  const segments = statistics[0]?.segments ?? 0;
  const random = xoroshiro128plus(seed);
  const draws = new Uint32Array(segments);
  for (let resample = 0; resample < resamples; resample++) {
    for (let draw = 0; draw < segments; draw++) draws[draw] = uniformInt(random, 0, segments - 1);
    statistics.forEach(({ values, width, score }, index) => {
      const sums = new Float64Array(width);
      for (const segment of draws) {
        const start = segment * width;
        for (let place = 0; place < width; place++) sums[place] += values[start + place];
      }
      scores[index][resample] = score(sums, segments);
    });
  }
  return scores;
}

/** An interval, least number first. */
export type Interval = readonly [least: number, greatest: number];

/**
 * The middle part of numbers: between the percentiles that leave half of `1 - confidence` on either side, linear between
 * neighbours.
 *
 * @param confidence share of the numbers inside, such as 0.95
 */
export function percentileInterval(numbers: Float64Array, confidence = 0.95): Interval {
  const sorted = numbers.toSorted();
  const at = (share: number): number => {
    const place = share * (sorted.length - 1);
    const below = Math.floor(place);
    const above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
  };
  const outside = (1 - confidence) / 2;
  return [at(outside), at(1 - outside)];
}

/**
 * How often a difference as large as the one seen comes from rows alone, two-sided: the share of resampled differences
 * that lie at least as far from their mean, (c + 1) / (n + 1), as sacreBLEU's paired bootstrap.
 */
export function bootstrapPValue(differences: Float64Array, observed: number): number {
  const mean = differences.reduce((sum, difference) => sum + difference, 0) / differences.length;
  const count = differences.filter((difference) => Math.abs(difference - mean) >= Math.abs(observed)).length;
  return (count + 1) / (differences.length + 1);
}
