/// <reference lib="dom" />
import type { Chart } from "./chart.js";

/** What the page has of uPlot: only what is used here. */
interface Plot {
  destroy(): void;
}
declare const uPlot: new (
  options: object,
  data: readonly (readonly (number | null)[])[],
  target: Element,
) => Plot;

/**
 * Draws the charts of a page into their places. It runs in the browser and is written into the page as it is compiled, so it
 * must not use anything outside of itself.
 * @param charts in the order of the page's `.chart` elements
 */
export function drawCharts(charts: readonly Chart[]): void {
  const places = [...document.querySelectorAll<HTMLElement>(".chart")];
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let plots: Plot[] = [];
  let isPrinted = false;

  const short = (value: number): string => {
    const size = Math.abs(value);
    if (size >= 1e9) return `${+(value / 1e9).toPrecision(3)}G`;
    if (size >= 1e6) return `${+(value / 1e6).toPrecision(3)}M`;
    if (size >= 1e4) return `${+(value / 1e3).toPrecision(3)}k`;
    if (size > 0 && size < 1e-3) return value.toExponential(1);
    return String(+value.toPrecision(4));
  };

  const draw = (): void => {
    for (const plot of plots) plot.destroy();
    const isDark = dark.matches && !isPrinted;
    const text = isDark ? "#d7dce0" : "#333";
    const grid = isDark ? "#ffffff1f" : "#0000001a";
    const colours = isDark ? ["#4cc9a0", "#f0a35e", "#7fb2ff"] : ["#0a7d5a", "#c2571a", "#2456b8"];
    plots = charts.map((chart, index) => {
      const place = places[index];
      const width = isPrinted ? 640 : Math.max(200, place.clientWidth);
      let used = 0;
      const series = chart.series.map(({ label, style }) => {
        const colour = colours[used % colours.length];
        if (style !== "faint") used++;
        return {
          label,
          stroke: style === "faint" ? `${colour}66` : colour,
          width: style === "points" ? 0 : style === "faint" ? 1 : 2,
          spanGaps: style !== "points",
          points:
            style === "points" ? { show: true, size: 8, fill: colour, stroke: colour } : { show: false },
          value: (_: unknown, value: number | null) => (value === null ? "–" : short(value)),
        };
      });
      const axis = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
      const options = {
        width,
        height: 220,
        scales: { x: { time: false } },
        legend: { live: true },
        axes: [axis, { ...axis, size: 58, values: (_: unknown, values: number[]) => values.map(short) }],
        series: [{ label: place.dataset["x"] ?? "" }, ...series],
      };
      return new uPlot(options, [chart.steps, ...chart.series.map(({ values }) => values)], place);
    });
  };

  const print = (now: boolean): void => {
    isPrinted = now;
    draw();
  };
  draw();
  dark.addEventListener("change", draw);
  addEventListener("beforeprint", () => print(true));
  addEventListener("afterprint", () => print(false));
  let drawnAt = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === drawnAt || isPrinted) return;
    drawnAt = innerWidth;
    draw();
  });
}
