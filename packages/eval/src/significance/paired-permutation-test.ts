import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { checkWholeNumber } from "../scores/segments.js";
import { RESAMPLING_SEED } from "./bootstrap.js";
import { type SegmentStatistics, sumsOf } from "./segment-statistics.js";

/** How arrangements are counted or drawn. */
export interface PermutationOptions {
  /** Arrangements drawn where there are too many to go through. @defaultValue 10000 */
  readonly samples?: number;
  /** Most arrangements that are gone through one by one. @defaultValue 2^20 */
  readonly exactUpTo?: number;
  /** @defaultValue 12345 */
  readonly seed?: number;
}

/** How unusual a difference is if it made no difference which system a text came from. */
export interface PermutationResult {
  /** The score of the first less that of the second. */
  readonly difference: number;
  /** Share of arrangements with a difference at least as far from 0. */
  readonly pValue: number;
  /** Share of arrangements with a difference at least as great. */
  readonly greater: number;
  /** Whether every arrangement was looked at; a sample counts itself in, (c + 1) / (n + 1). */
  readonly exact: boolean;
}

/**
 * Paired permutation test (approximate randomisation for corpus metrics: Riezler and Maxwell, 2005,
 * https://aclanthology.org/W05-0908): in each arrangement the two systems' texts of some segments are swapped. All 2^n
 * arrangements are gone through where they are few enough, else a seeded sample.
 *
 * Swaps of segments with equal statistics change nothing, so that only the others are arranged; the shares are the same.
 *
 * @param first statistics of one system
 * @param second those of the other on the same segments
 * @throws MetricOptionError when there is nothing to draw
 */
export function pairedPermutationTest(
  first: SegmentStatistics,
  second: SegmentStatistics,
  { samples = 10_000, exactUpTo = 2 ** 20, seed = RESAMPLING_SEED }: PermutationOptions = {},
): PermutationResult {
  checkWholeNumber("samples", samples, 1);
  const { width } = first;
  const scoreOf = ({ score, segments }: SegmentStatistics, sums: Float64Array): number =>
    score(sums, segments);
  const changes = changesOf(first, second);
  const count = changes.length / width;
  const sumsFirst = sumsOf(first);
  const sumsSecond = sumsOf(second);
  const difference = scoreOf(first, sumsFirst.slice()) - scoreOf(second, sumsSecond.slice());
  // Sums that are equal in exact arithmetic may differ by their rounding.
  const slack =
    1e-10 * (Math.abs(scoreOf(first, sumsFirst.slice())) + Math.abs(scoreOf(second, sumsSecond.slice())));
  const swapped = new Float64Array(width); // what the swaps in force move from the first to the second
  const a = new Float64Array(width);
  const b = new Float64Array(width);
  let asFar = 0;
  let asGreat = 0;
  const look = (): void => {
    for (let place = 0; place < width; place++) {
      a[place] = sumsFirst[place] - swapped[place];
      b[place] = sumsSecond[place] + swapped[place];
    }
    const other = scoreOf(first, a) - scoreOf(second, b);
    if (Math.abs(other) >= Math.abs(difference) - slack) asFar++;
    if (other >= difference - slack) asGreat++;
  };

  if (2 ** count <= exactUpTo) {
    const arrangements = 2 ** count;
    look();
    const isSwapped = new Uint8Array(count);
    for (let step = 1; step < arrangements; step++) {
      // A Gray code: each arrangement swaps one segment more or less than the one before.
      const segment = 31 - Math.clz32(step & -step);
      const sign = isSwapped[segment] === 0 ? 1 : -1;
      isSwapped[segment] ^= 1;
      for (let place = 0; place < width; place++) swapped[place] += sign * changes[segment * width + place];
      look();
    }
    return { difference, pValue: asFar / arrangements, greater: asGreat / arrangements, exact: true };
  }
  const random = xoroshiro128plus(seed);
  for (let sample = 0; sample < samples; sample++) {
    swapped.fill(0);
    let bits = 0;
    for (let segment = 0; segment < count; segment++) {
      if (segment % 32 === 0) bits = random.next();
      if ((bits & 1) === 1) {
        const start = segment * width;
        for (let place = 0; place < width; place++) swapped[place] += changes[start + place];
      }
      bits >>>= 1;
    }
    look();
  }
  return {
    difference,
    pValue: (asFar + 1) / (samples + 1),
    greater: (asGreat + 1) / (samples + 1),
    exact: false,
  };
}

/** First less second, `[segment][number]`, of the segments where they differ. */
function changesOf(first: SegmentStatistics, second: SegmentStatistics): Float64Array {
  const { segments, width } = first;
  const changes = new Float64Array(segments * width);
  let kept = 0;
  for (let segment = 0; segment < segments; segment++) {
    let differs = false;
    for (let place = 0; place < width; place++) {
      const from = segment * width + place;
      const change = first.values[from] - second.values[from];
      changes[kept * width + place] = change;
      differs ||= change !== 0;
    }
    if (differs) kept++;
  }
  return changes.slice(0, kept * width);
}
