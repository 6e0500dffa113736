import type { ScoreName, SystemComparison } from "@lathe/eval";

/** Rows to look at, by their numbers. */
export interface NotableRows {
  /** The metric that they were chosen by. */
  readonly metric: ScoreName;
  /** Where the last system does best, and worst. */
  readonly best: readonly number[];
  readonly worst: readonly number[];
  /** Where it differs most from the first; none where there is one system. */
  readonly changed: readonly number[];
}

/** Rows of each kind. */
const ROWS = 6;

/** Metrics of which less is better. */
const LESS_IS_BETTER: ReadonlySet<ScoreName> = new Set(["ter", "repetition"]);

/** Chooses rows by the first metric's scores of each row. @returns null where rows have no scores of their own */
export function notableRows({ systems }: SystemComparison): NotableRows | null {
  const metric = Object.keys(systems[0].scores)[0] as ScoreName;
  const [first, last] = [systems[0], systems[systems.length - 1]].map((one) => one.perSegment?.[metric]);
  if (!first || !last) return null;
  const sign = LESS_IS_BETTER.has(metric) ? -1 : 1;
  // A row that a judge gave no verdict on is none to look at for its score.
  const rows = last.flatMap((score, row) => (Number.isNaN(score) || Number.isNaN(first[row]) ? [] : [row]));
  const by = (value: (row: number) => number): number[] =>
    rows.toSorted((a, b) => value(b) - value(a) || a - b);
  const best = by((row) => sign * last[row]).slice(0, ROWS);
  const worst = by((row) => -sign * last[row])
    .filter((row) => !best.includes(row))
    .slice(0, ROWS);
  const difference = (row: number): number => Math.abs(last[row] - first[row]);
  const changed = systems.length === 1 ? [] : by(difference).filter((row) => difference(row) > 0);
  return { metric, best, worst, changed: changed.slice(0, ROWS) };
}
