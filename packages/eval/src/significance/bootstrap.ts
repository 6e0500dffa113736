import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import type { RandomGenerator } from "pure-rand/types/RandomGenerator";
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

/** Resamples whose sums are taken at one time: their sums of a number fit into the processor's registers. */
const RESAMPLES_AT_ONCE = 8;
/** Segments that are gone through before the next statistics have their turn: they stay in the nearest cache. */
const SEGMENTS_AT_ONCE = 256;

/**
 * Scores of resampled rows (Efron, 1979; of corpus metrics: Koehn, 2004, https://aclanthology.org/W04-3250). Every metric
 * and every system gets the same draws, so that differences between them are those of the same rows.
 *
 * A resample is how often each row was drawn, and its sums are those of the rows' numbers by these weights, in the order of
 * the rows: memory is read one place after the other, and nothing is allocated a resample.
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
  // [resample][segment]: how often it was drawn. 16 bits hold it: up to 65,535 segments there are no more draws, and of more no one is drawn so often.
  const drawn = Array.from({ length: RESAMPLES_AT_ONCE }, () => new Uint16Array(segments));
  const weights = new Float64Array(SEGMENTS_AT_ONCE * RESAMPLES_AT_ONCE);
  const widest = Math.max(0, ...statistics.map(({ width }) => width));
  const numbers = new Float64Array(SEGMENTS_AT_ONCE * widest);
  const sums = statistics.map(({ width }) => new Float64Array(RESAMPLES_AT_ONCE * width));
  for (let first = 0; first < resamples; first += RESAMPLES_AT_ONCE) {
    const count = Math.min(RESAMPLES_AT_ONCE, resamples - first);
    for (let resample = 0; resample < RESAMPLES_AT_ONCE; resample++) {
      drawn[resample].fill(0);
      if (resample < count) drawRows(drawn[resample], random);
    }
    for (const ofStatistics of sums) ofStatistics.fill(0);
    // Nothing is allocated in these loops: V8 would let it lie among what stays until the heap has doubled.
    for (let start = 0; start < segments; start += SEGMENTS_AT_ONCE) {
      const end = Math.min(start + SEGMENTS_AT_ONCE, segments);
      for (let resample = 0; resample < RESAMPLES_AT_ONCE; resample++) {
        const counts = drawn[resample];
        for (let segment = start, at = resample; segment < end; segment++, at += RESAMPLES_AT_ONCE) {
          weights[at] = counts[segment];
        }
      }
      for (let index = 0; index < statistics.length; index++) {
        const { values, width } = statistics[index];
        for (let from = start * width, at = 0; from < end * width; from++, at++) numbers[at] = values[from];
        addWeighted(sums[index], numbers, weights, width, end - start);
      }
    }
    for (const [index, { width, score }] of statistics.entries()) {
      for (let resample = 0; resample < count; resample++) {
        const ofResample = sums[index].subarray(resample * width, (resample + 1) * width);
        scores[index][first + resample] = score(ofResample, segments);
      }
    }
  }
  return scores;
}

/**
 * Counts as many draws of rows as there are: those of pure-rand's `uniformInt`, whose division is of fractions and outweighs
 * all else, by that of whole numbers.
 *
 * @param counts [segment], which are added to
 */
function drawRows(counts: Uint16Array, random: RandomGenerator): void {
  const rows = counts.length >>> 0;
  // Numbers from the last whole multiple of the rows on would favour the first rows.
  const limit = rows > 2 ? 2 ** 32 - (2 ** 32 % rows) : 2 ** 32;
  for (let draw = 0; draw < rows; draw++) {
    let number = (random.next() ^ 0x80000000) >>> 0;
    while (number >= limit) number = (random.next() ^ 0x80000000) >>> 0;
    counts[number % rows]++;
  }
}

/**
 * Adds the numbers of segments, each as often as it was drawn.
 *
 * @param sums [resample, number], which are added to
 * @param numbers [segment, number]
 * @param weights [segment, resample]
 */
function addWeighted(
  sums: Float64Array,
  numbers: Float64Array,
  weights: Float64Array,
  width: number,
  segments: number,
): void {
  for (let place = 0; place < width; place++) {
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    let e = 0;
    let f = 0;
    let g = 0;
    let h = 0;
    for (let segment = 0, from = place, at = 0; segment < segments; segment++, from += width) {
      const number = numbers[from];
      a += number * weights[at];
      b += number * weights[at + 1];
      c += number * weights[at + 2];
      d += number * weights[at + 3];
      e += number * weights[at + 4];
      f += number * weights[at + 5];
      g += number * weights[at + 6];
      h += number * weights[at + 7];
      at += RESAMPLES_AT_ONCE;
    }
    sums[place] += a;
    sums[width + place] += b;
    sums[2 * width + place] += c;
    sums[3 * width + place] += d;
    sums[4 * width + place] += e;
    sums[5 * width + place] += f;
    sums[6 * width + place] += g;
    sums[7 * width + place] += h;
  }
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
