import type { Rating, Ratings } from "./ratings.js";

/**
 * What is known of ratings: `nominal` labels are the same or not, `ordinal` ones have an order, of `interval` ones the
 * differences mean something.
 */
export const ratingLevels = ["nominal", "ordinal", "interval"] as const;

/** Name of a level. */
export type RatingLevel = (typeof ratingLevels)[number];

/**
 * Krippendorff's alpha, α = 1 − D_o / D_e, over the coincidence matrix of all pairs of ratings of a unit (Krippendorff,
 * 2011, "Computing Krippendorff's alpha-reliability"). Any number of annotators; ratings may be missing, and units with
 * fewer than two are left out. The difference of two values c < k is, squared,
 *
 *   nominal 1,   interval (c − k)²,   ordinal (Σ_{g = c…k} n_g − (n_c + n_k) / 2)²,
 *
 * with n_g how often the value g stands in the matrix.
 *
 * @param ratings `[unit][annotator]`; numbers unless the level is nominal
 * @returns 1 for full agreement, 0 for that of chance; null where all ratings are the same value or none can be paired
 */
export function krippendorffAlpha(ratings: Ratings, level: RatingLevel): number | null {
  const pairable = ratings
    .map((unit) => unit.filter((rating): rating is NonNullable<Rating> => rating !== null))
    .filter((unit) => unit.length >= 2);
  const values = [...new Set(pairable.flat())];
  if (level !== "nominal") values.sort((a, b) => Number(a) - Number(b));
  const places = new Map(values.map((value, place) => [value, place]));
  const size = values.length;
  const coincidences = new Float64Array(size * size); // [value][other value]
  for (const unit of pairable) {
    const counts = new Map<number, number>();
    for (const rating of unit) {
      const place = places.get(rating)!;
      counts.set(place, (counts.get(place) ?? 0) + 1);
    }
    for (const [a, countA] of counts) {
      for (const [b, countB] of counts) {
        const pairs = countA * (a === b ? countB - 1 : countB);
        coincidences[a * size + b] += pairs / (unit.length - 1);
      }
    }
  }
  const marginals = values.map((_, a) =>
    coincidences.subarray(a * size, (a + 1) * size).reduce((sum, count) => sum + count, 0),
  );
  const total = marginals.reduce((sum, count) => sum + count, 0);
  const difference = differenceOf(level, values, marginals);
  let observed = 0;
  let expected = 0;
  for (let a = 0; a < size; a++) {
    for (let b = a + 1; b < size; b++) {
      const squared = difference(a, b);
      observed += coincidences[a * size + b] * squared;
      expected += marginals[a] * marginals[b] * squared;
    }
  }
  return expected === 0 ? null : 1 - ((total - 1) * observed) / expected;
}

/** The squared difference of the values at two places, the first below the second. */
function differenceOf(
  level: RatingLevel,
  values: readonly NonNullable<Rating>[],
  marginals: readonly number[],
): (a: number, b: number) => number {
  switch (level) {
    case "nominal":
      return () => 1;
    case "interval":
      return (a, b) => (Number(values[a]) - Number(values[b])) ** 2;
    case "ordinal": {
      const before = [0]; // how often values below each place stand in the matrix
      for (const count of marginals) before.push(before[before.length - 1] + count);
      return (a, b) => (before[b + 1] - before[a] - (marginals[a] + marginals[b]) / 2) ** 2;
    }
  }
}
