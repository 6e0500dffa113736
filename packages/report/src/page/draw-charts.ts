/// <reference lib="dom" />
import type { Chart } from "./chart.js";
import type { PlotLook } from "./plot-options.js";

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
 * @param optionsOf what uPlot is to be told of a chart
 */
export function drawCharts(
  charts: readonly Chart[],
  optionsOf: (chart: Chart, look: PlotLook) => object,
): void {
  const places = [...document.querySelectorAll<HTMLElement>(".chart")];
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let plots: Plot[] = [];
  let isPrinted = false;

  const draw = (): void => {
    for (const plot of plots) plot.destroy();
    const isDark = dark.matches && !isPrinted;
    plots = charts.map((chart, index) => {
      const place = places[index];
      const width = isPrinted ? 640 : Math.max(200, place.clientWidth);
      const options = optionsOf(chart, { width, isDark, x: place.dataset["x"] ?? "" });
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
