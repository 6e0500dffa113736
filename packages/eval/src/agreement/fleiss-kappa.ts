import type { Ratings } from "./ratings.js";

/**
 * Fleiss' kappa (Fleiss, 1971, "Measuring nominal scale agreement among many raters"): how much more often two annotators
 * of a unit agree than labels drawn by their overall shares would. The order of labels is not looked at.
 *
 * @param ratings `[unit][annotator]`; only units that all annotators rated are taken
 * @returns null where there is no such unit, fewer than two annotators, or one label alone
 */
export function fleissKappa(ratings: Ratings): number | null {
  const complete = ratings.filter((unit) => unit.length >= 2 && unit.every((rating) => rating !== null));
  const labels = [...new Set(complete.flat())];
  return fleissKappaOfCounts(
    complete.map((unit) => labels.map((label) => unit.filter((rating) => rating === label).length)),
  );
}

/**
 * {@link fleissKappa} of counts, for annotators without names.
 *
 * @param counts `[unit][label]`: how many annotators gave the label; every unit has the same sum, at least 2
 */
export function fleissKappaOfCounts(counts: readonly (readonly number[])[]): number | null {
  if (counts.length === 0) return null;
  const annotators = sum(counts[0]);
  const agreed =
    sum(counts.map((unit) => sum(unit.map((count) => count * (count - 1))))) /
    (counts.length * annotators * (annotators - 1));
  const shares = counts[0].map(
    (_, label) => sum(counts.map((unit) => unit[label])) / (counts.length * annotators),
  );
  if (shares.some((share) => share === 1)) return null;
  const byChance = sum(shares.map((share) => share ** 2));
  return (agreed - byChance) / (1 - byChance);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
