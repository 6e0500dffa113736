/** Quantiles of the standard normal distribution: 97.5 %, for a two-sided level of 5 %, and 80 %, for the power. */
const LEVEL_QUANTILE = 1.959963984540054;
const POWER_QUANTILE = 0.8416212335729143;

/**
 * Rows with which a paired comparison finds a difference of the size seen in four studies of five, at the two-sided level of
 * 5 %: n = ((z₀.₉₇₅ + z₀.₈) · s / d)², with d the mean difference of a row and s the standard deviation of the rows'.
 *
 * @param differences of each row, the first system less the second
 * @returns null where the mean is 0, there are fewer than two rows, or all differ by the same
 */
export function requiredRows(differences: readonly number[]): number | null {
  const count = differences.length;
  if (count < 2) return null;
  const mean = differences.reduce((sum, difference) => sum + difference, 0) / count;
  const variance = differences.reduce((sum, difference) => sum + (difference - mean) ** 2, 0) / (count - 1);
  if (mean === 0 || variance === 0) return null;
  return Math.ceil(((LEVEL_QUANTILE + POWER_QUANTILE) ** 2 * variance) / mean ** 2);
}
