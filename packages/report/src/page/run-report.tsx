import { Facts } from "./facts.js";
import { htmlPage } from "./html-page.js";
import type { MetricsLine } from "./metrics-line.js";
import { courseOf, runCharts } from "./run-charts.js";
import { type RoutedLayer, Routing } from "./routing.js";
import { RunFigures } from "./run-figures.js";
import { type SampleReplies, Samples } from "./samples.js";
import { runTotals } from "./run-totals.js";
import { type ReportLanguage, words } from "./words.js";

/** What a run's page shows. */
export interface RunReport {
  readonly title: string;
  readonly language: ReportLanguage;
  /** Lines of `metrics.jsonl`, in the order of the steps. */
  readonly metrics: readonly MetricsLine[];
  /** The run's options. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** What the run came to and came from: hashes, machine, engine, totals. */
  readonly passport: Readonly<Record<string, unknown>>;
  readonly samples: readonly SampleReplies[];
  /** Of layers with experts, if there are any. */
  readonly routing?: readonly RoutedLayer[] | undefined;
}

/** The page of a run: its curves, what it came to, replies over time, settings. It needs nothing beside it and no network. */
export function runReport(report: RunReport): string {
  const { title, language, metrics, settings, passport, samples, routing = [] } = report;
  const text = words[language];
  const charts = runCharts(metrics, text);
  return htmlPage({
    language: language === "zh" ? "zh-CN" : language,
    title,
    charts,
    children: (
      <>
        <h1>{title}</h1>
        {metrics.length === 0 ? (
          <p class="lead">{text.noSteps}</p>
        ) : (
          <RunFigures totals={runTotals(metrics)} text={text} />
        )}
        <div class="charts" style="margin-top:1.5rem">
          {charts.map((chart) => (
            <figure>
              <h3>
                {chart.title}
                {chart.unit !== "" && ` (${chart.unit})`}
              </h3>
              <div class="chart" data-x={text.step} role="img" aria-label={courseOf(chart, text)} />
              <figcaption>{courseOf(chart, text)}</figcaption>
            </figure>
          ))}
        </div>
        {samples.length > 0 && (
          <>
            <h2>{text.samples}</h2>
            <Samples samples={samples} text={text} />
          </>
        )}
        {routing.length > 0 && (
          <>
            <h2>{text.routing}</h2>
            <p class="lead">{text.routingLead}</p>
            <Routing layers={routing} text={text} />
          </>
        )}
        <h2>{text.passport}</h2>
        <Facts values={passport} />
        <h2>{text.settings}</h2>
        <Facts values={settings} />
      </>
    ),
  });
}
