/** A course over the steps; null where a step has no value. */
export interface ChartSeries {
  readonly label: string;
  readonly values: readonly (number | null)[];
  /** `faint`: the noise behind another line; `points`: marks without a line. */
  readonly style: "line" | "faint" | "points";
}

/** Courses over the same steps, drawn together. */
export interface Chart {
  readonly title: string;
  /** Of the values, as people read it; empty for none. */
  readonly unit: string;
  readonly steps: readonly number[];
  readonly series: readonly ChartSeries[];
}

/** Points of a line at most: a screen shows no more, and a page stays small. */
const MOST_POINTS = 2000;

/** The chart with no more points than a screen shows: each the mean of as many neighbours as needed. */
export function thinned(chart: Chart): Chart {
  const width = Math.ceil(chart.steps.length / MOST_POINTS);
  if (width <= 1) return chart;
  const groups = Array.from({ length: Math.ceil(chart.steps.length / width) }, (_, group) => group * width);
  return {
    ...chart,
    steps: groups.map((start) => chart.steps[Math.min(start + width, chart.steps.length) - 1]),
    series: chart.series.map((series) => ({
      ...series,
      values: groups.map((start) => meanOf(series.values.slice(start, start + width))),
    })),
  };
}

function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null && Number.isFinite(value)) as number[];
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}

/** Mean over the values of the last few steps, which shows the course under the noise. */
export function smoothed(values: readonly (number | null)[], span: number): (number | null)[] {
  return values.map((_, i) => meanOf(values.slice(Math.max(0, i - span + 1), i + 1)));
}
