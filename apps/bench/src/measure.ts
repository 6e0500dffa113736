/** How often a case runs. */
export interface Repeats {
  /** Runs before the clock counts. */
  readonly warmUp: number;
  readonly repeats: number;
}

/** Times of one case, in seconds. */
export interface Measurement extends Repeats {
  readonly median: number;
  readonly best: number;
  /** Half the distance between the first and third quartile, by the median: how noisy the machine was. */
  readonly spread: number;
}

/** Value below which a share of the sorted numbers lies, interpolated. */
export function quantile(sorted: readonly number[], share: number): number {
  const place = (sorted.length - 1) * share;
  const [below, above] = [Math.floor(place), Math.ceil(place)];
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}

/** The middle of some numbers in any order, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}

/** Summary of measured seconds. */
export function summarise(seconds: readonly number[], warmUp: number): Measurement {
  const sorted = [...seconds].sort((a, b) => a - b);
  const median = quantile(sorted, 0.5);
  return {
    warmUp,
    repeats: seconds.length,
    median,
    best: sorted[0],
    spread: (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 2 / median,
  };
}
