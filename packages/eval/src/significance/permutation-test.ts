import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { checkWholeNumber } from "../scores/segments.js";
import { RESAMPLING_SEED } from "./bootstrap.js";
import type { PermutationOptions, PermutationResult } from "./paired-permutation-test.js";

/**
 * Permutation test of two independent groups, such as ratings of texts that are not the same rows: all ways to divide the
 * numbers into groups of the two sizes where they are few enough, else a seeded sample.
 *
 * @param first at least one number
 * @param second at least one number
 * @throws MetricOptionError when there is nothing to draw
 */
export function permutationTest(
  first: readonly number[],
  second: readonly number[],
  { samples = 10_000, exactUpTo = 2 ** 20, seed = RESAMPLING_SEED }: PermutationOptions = {},
): PermutationResult {
  checkWholeNumber("samples", samples, 1);
  const pool = [...first, ...second];
  const total = pool.reduce((sum, number) => sum + number, 0);
  const differenceOf = (sum: number): number => sum / first.length - (total - sum) / second.length;
  const difference = differenceOf(first.reduce((sum, number) => sum + number, 0));
  const slack = 1e-10 * pool.reduce((sum, number) => sum + Math.abs(number), 0);
  let arrangements = 0;
  let asFar = 0;
  let asGreat = 0;
  const look = (sum: number): void => {
    const other = differenceOf(sum);
    arrangements++;
    if (Math.abs(other) >= Math.abs(difference) - slack) asFar++;
    if (other >= difference - slack) asGreat++;
  };

  if (combinations(pool.length, first.length) <= exactUpTo) {
    const choose = (from: number, missing: number, sum: number): void => {
      if (missing === 0) return look(sum);
      for (let place = from; place <= pool.length - missing; place++) {
        choose(place + 1, missing - 1, sum + pool[place]);
      }
    };
    choose(0, first.length, 0);
    return { difference, pValue: asFar / arrangements, greater: asGreat / arrangements, exact: true };
  }
  const random = xoroshiro128plus(seed);
  for (let sample = 0; sample < samples; sample++) {
    // The first places of a Fisher-Yates shuffle are a group of that size.
    let sum = 0;
    for (let place = 0; place < first.length; place++) {
      const other = uniformInt(random, place, pool.length - 1);
      [pool[place], pool[other]] = [pool[other], pool[place]];
      sum += pool[place];
    }
    look(sum);
  }
  return {
    difference,
    pValue: (asFar + 1) / (samples + 1),
    greater: (asGreat + 1) / (samples + 1),
    exact: false,
  };
}

/** Ways to choose `chosen` of `count`; past 2^53 only large. */
function combinations(count: number, chosen: number): number {
  let ways = 1;
  for (let step = 1; step <= chosen; step++) ways = (ways * (count - chosen + step)) / step;
  return ways;
}
