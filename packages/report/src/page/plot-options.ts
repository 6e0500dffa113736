import type { Chart } from "./chart.js";

/** How a chart is drawn. */
export interface PlotLook {
  /** In CSS pixels. */
  readonly width: number;
  readonly isDark: boolean;
  /** What the chart is over, such as "step". */
  readonly x: string;
}

/**
 * What uPlot is to be told of a chart. It is also written into pages as it is compiled, so it must not use anything outside of itself.
 */
export function plotOptions(chart: Chart, { width, isDark, x }: PlotLook): object {
  const short = (value: number): string => {
    const size = Math.abs(value);
    if (size >= 1e9) return `${+(value / 1e9).toPrecision(3)}G`;
    if (size >= 1e6) return `${+(value / 1e6).toPrecision(3)}M`;
    if (size >= 1e4) return `${+(value / 1e3).toPrecision(3)}k`;
    if (size > 0 && size < 1e-3) return value.toExponential(1);
    return String(+value.toPrecision(4));
  };
  const text = isDark ? "#d7dce0" : "#333";
  const grid = isDark ? "#ffffff1f" : "#0000001a";
  const colours = isDark
    ? ["#4cc9a0", "#f0a35e", "#7fb2ff", "#e58bc0", "#d6cf5a", "#9a8cf0", "#5ed0e0", "#c9b8a4"]
    : ["#0a7d5a", "#c2571a", "#2456b8", "#a3266f", "#77700b", "#5b43c4", "#0b7285", "#6b5844"];
  let used = 0;
  const series = chart.series.map(({ label, style }) => {
    const colour = colours[used % colours.length];
    if (style !== "faint") used++;
    return {
      label,
      stroke: style === "faint" ? `${colour}66` : colour,
      width: style === "points" ? 0 : style === "faint" ? 1 : 2,
      spanGaps: style !== "points",
      points: style === "points" ? { show: true, size: 8, fill: colour, stroke: colour } : { show: false },
      value: (_: unknown, value: number | null) => (value == null ? "–" : short(value)),
    };
  });
  const axis = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
  return {
    width,
    height: 220,
    scales: { x: { time: false } },
    legend: { live: true },
    axes: [axis, { ...axis, size: 58, values: (_: unknown, values: number[]) => values.map(short) }],
    series: [{ label: x }, ...series],
  };
}
