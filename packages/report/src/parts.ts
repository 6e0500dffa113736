/** What pages are made of, for programs that run in a browser: nothing here needs Node. */
export type { Chart, ChartSeries } from "./page/chart.js";
export { Facts } from "./page/facts.js";
export type { MetricsLine } from "./page/metrics-line.js";
export { plotOptions, type PlotLook } from "./page/plot-options.js";
export { courseOf, runCharts } from "./page/run-charts.js";
export { RunFigures } from "./page/run-figures.js";
export type { RunTotals } from "./page/run-totals.js";
export { type SampleReplies, Samples } from "./page/samples.js";
export { visibleText } from "./page/visible-text.js";
export { visibleValues } from "./page/visible-values.js";
export { type ReportLanguage, words, type Words } from "./page/words.js";
