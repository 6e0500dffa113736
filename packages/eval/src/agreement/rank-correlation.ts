import { normalShareBelow, studentShareBelow } from "./distributions.js";

/** A correlation and how often chance gives one as far from 0. */
export interface Correlation {
  /** From −1 to 1. */
  readonly coefficient: number;
  /** Two-sided. */
  readonly pValue: number;
}

/**
 * Spearman's rank correlation: Pearson's of the ranks, ties sharing the mean of theirs; p from Student's t with n − 2
 * degrees of freedom.
 *
 * @returns null where a sequence is constant or there are fewer than three pairs
 * @throws RangeError when the sequences differ in length
 */
export function spearmanCorrelation(x: readonly number[], y: readonly number[]): Correlation | null {
  checkLengths(x, y);
  const count = x.length;
  if (count < 3) return null;
  const coefficient = pearson(averageRanks(x), averageRanks(y));
  if (coefficient === null) return null;
  const free = count - 2;
  const t = coefficient * Math.sqrt(free / ((1 + coefficient) * (1 - coefficient)));
  return { coefficient, pValue: Number.isFinite(t) ? 2 * studentShareBelow(-Math.abs(t), free) : 0 };
}

/**
 * Kendall's tau-b, which counts ties; p from the normal approximation with the variance corrected for ties.
 *
 * @returns null where a sequence is constant or there are fewer than two pairs
 * @throws RangeError when the sequences differ in length
 */
export function kendallCorrelation(x: readonly number[], y: readonly number[]): Correlation | null {
  checkLengths(x, y);
  const count = x.length;
  let balance = 0; // concordant pairs less discordant ones
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < i; j++) balance += Math.sign(x[i] - x[j]) * Math.sign(y[i] - y[j]);
  }
  const pairs = (count * (count - 1)) / 2;
  const tiesX = tieSizes(x);
  const tiesY = tieSizes(y);
  const over = (ties: readonly number[], term: (size: number) => number): number =>
    ties.reduce((sum, size) => sum + term(size), 0);
  const tied = (ties: readonly number[]): number => over(ties, (size) => (size * (size - 1)) / 2);
  const denominator = Math.sqrt((pairs - tied(tiesX)) * (pairs - tied(tiesY)));
  if (denominator === 0) return null;
  const cubic = (ties: readonly number[]): number => over(ties, (size) => size * (size - 1) * (size - 2));
  const wide = (ties: readonly number[]): number => over(ties, (size) => size * (size - 1) * (2 * size + 5));
  const triples = 9 * count * (count - 1) * (count - 2);
  const variance =
    (count * (count - 1) * (2 * count + 5) - wide(tiesX) - wide(tiesY)) / 18 +
    (2 * tied(tiesX) * tied(tiesY)) / (count * (count - 1)) +
    (triples === 0 ? 0 : (cubic(tiesX) * cubic(tiesY)) / triples);
  const pValue = 2 * normalShareBelow(-Math.abs(balance) / Math.sqrt(variance));
  return { coefficient: balance / denominator, pValue };
}

function checkLengths(x: readonly number[], y: readonly number[]): void {
  if (x.length !== y.length) {
    throw new RangeError(
      `expected two sequences of the same length, got ${x.length} and ${y.length} numbers`,
    );
  }
}

/** Ranks from 1; equal numbers share the mean of theirs. */
function averageRanks(numbers: readonly number[]): number[] {
  const order = numbers.map((_, place) => place).sort((a, b) => numbers[a] - numbers[b]);
  const ranks = new Array<number>(numbers.length);
  for (let start = 0, end = 0; start < order.length; start = end) {
    while (end < order.length && numbers[order[end]] === numbers[order[start]]) end++;
    for (let place = start; place < end; place++) ranks[order[place]] = (start + 1 + end) / 2;
  }
  return ranks;
}

function pearson(x: readonly number[], y: readonly number[]): number | null {
  const mean = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0) / numbers.length;
  const meanX = mean(x);
  const meanY = mean(y);
  let xy = 0;
  let xx = 0;
  let yy = 0;
  x.forEach((value, place) => {
    xy += (value - meanX) * (y[place] - meanY);
    xx += (value - meanX) ** 2;
    yy += (y[place] - meanY) ** 2;
  });
  if (xx === 0 || yy === 0) return null;
  return Math.max(-1, Math.min(1, xy / Math.sqrt(xx * yy)));
}

/** How many numbers share each value, where more than one does. */
function tieSizes(numbers: readonly number[]): number[] {
  const counts = new Map<number, number>();
  for (const number of numbers) counts.set(number, (counts.get(number) ?? 0) + 1);
  return [...counts.values()].filter((count) => count > 1);
}
