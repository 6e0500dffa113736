import type { Rating } from "./ratings.js";

/** How far apart two labels are: all the same, by places, or by places squared. */
export const kappaWeights = ["unweighted", "linear", "quadratic"] as const;

/** Name of a weighting. */
export type KappaWeights = (typeof kappaWeights)[number];

/** How Cohen's kappa is computed. */
export interface CohenKappaOptions {
  /** @defaultValue "unweighted" */
  readonly weights?: KappaWeights;
  /**
   * The labels in their order, also those that nobody gave: between 1 and 5 are three others.
   * @defaultValue for numbers, the numbers themselves are the places; for texts, the labels that occur, sorted
   */
  readonly labels?: readonly NonNullable<Rating>[];
}

/**
 * Cohen's kappa of two annotators (Cohen, 1960; weighted: Cohen, 1968): 1 − Σ w·o / Σ w·e, with o the share of units that
 * got a pair of labels, e the share by chance, and w how far apart the two are.
 *
 * @param pairs `[unit]`: what the two said; units with a null are left out
 * @returns null where no unit is left, or both gave one label alone
 */
export function cohenKappa(
  pairs: readonly (readonly [Rating, Rating])[],
  { weights = "unweighted", labels }: CohenKappaOptions = {},
): number | null {
  const rated = pairs.filter(
    (pair): pair is readonly [NonNullable<Rating>, NonNullable<Rating>] =>
      pair[0] !== null && pair[1] !== null,
  );
  const places = placesOf(labels, rated.flat());
  const distance = (a: NonNullable<Rating>, b: NonNullable<Rating>): number => {
    if (weights === "unweighted") return a === b ? 0 : 1;
    const difference = Math.abs(places.get(a)! - places.get(b)!);
    return weights === "linear" ? difference : difference ** 2;
  };
  const first = countsOf(rated.map(([label]) => label));
  const second = countsOf(rated.map(([, label]) => label));
  let observed = 0;
  for (const [a, b] of rated) observed += distance(a, b);
  let expected = 0;
  for (const [a, countA] of first) {
    for (const [b, countB] of second) expected += countA * countB * distance(a, b);
  }
  return expected === 0 ? null : 1 - (observed * rated.length) / expected;
}

function placesOf(
  labels: readonly NonNullable<Rating>[] | undefined,
  given: readonly NonNullable<Rating>[],
): ReadonlyMap<NonNullable<Rating>, number> {
  const distinct = [...new Set(given)];
  if (labels !== undefined) return new Map(labels.map((label, place) => [label, place]));
  if (distinct.every((label) => typeof label === "number"))
    return new Map(distinct.map((label) => [label, label]));
  return new Map(
    distinct.sort((a, b) => (String(a) < String(b) ? -1 : 1)).map((label, place) => [label, place]),
  );
}

function countsOf(labels: readonly NonNullable<Rating>[]): ReadonlyMap<NonNullable<Rating>, number> {
  const counts = new Map<NonNullable<Rating>, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}
