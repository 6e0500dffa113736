export type { Chart, ChartSeries } from "./page/chart.js";
export {
  dataReport,
  type DataReport,
  type LengthBin,
  type Lengths,
  type RuleCounts,
  type RuleExample,
} from "./page/data-report.js";
export type { ShownRow, ShownToken, TokenRole } from "./page/microscope.js";
export {
  evaluationMarkdown,
  type EvaluationReport,
  evaluationReport,
  type ReportedDifference,
  type ReportedMetric,
  type ReportedRow,
  type ReportedScore,
  type ReportedSystem,
} from "./page/evaluation-report.js";
export { type HtmlPage, htmlPage } from "./page/html-page.js";
export { type MetricsLine, runReport, type RunReport, type SampleReplies } from "./page/run-report.js";
export { type TuningReport, tuningReport, type TuningTrial } from "./page/tuning-report.js";
export type { ReportLanguage } from "./page/words.js";
export { EventFile, type EventFileOptions } from "./tensorboard/event-file.js";
export { sparkline } from "./terminal/sparkline.js";
