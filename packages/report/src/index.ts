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
  type ReportedJudge,
  type ReportedLabels,
  type ReportedMetric,
  type ReportedRow,
  type ReportedScore,
  type ReportedSystem,
} from "./page/evaluation-report.js";
export { type HtmlPage, htmlPage, pagePolicy } from "./page/html-page.js";
export type { MetricsLine } from "./page/metrics-line.js";
export { runReport, type RunReport } from "./page/run-report.js";
export type { RoutedLayer } from "./page/routing.js";
export type { RunTotals } from "./page/run-totals.js";
export type { SampleReplies } from "./page/samples.js";
export { type TuningReport, tuningReport, type TuningTrial } from "./page/tuning-report.js";
export type { ReportLanguage } from "./page/words.js";
export type { PageKind, RunPage } from "./live/find-runs.js";
export type { RunCourse } from "./live/run-course.js";
export type { CurveChange, CurvePlace, RunCurve } from "./live/run-curve.js";
export type { RunDetails } from "./live/run-details.js";
export type { RunFault, RunOverview, RunState } from "./live/run-overview.js";
export { RunsFolder } from "./live/runs-folder.js";
export { EventFile, type EventFileOptions } from "./tensorboard/event-file.js";
export { sparkline } from "./terminal/sparkline.js";
