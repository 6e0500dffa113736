import { type Chart, type ChartSeries, smoothed } from "./chart.js";
import { Facts } from "./facts.js";
import { htmlPage } from "./html-page.js";
import { type ReportLanguage, type Words, words } from "./words.js";

/** A line of a run's metrics: its step, and numbers by name. */
export type MetricsLine = Readonly<Record<string, unknown>>;

/** What a model said to a prompt in the course of a run. */
export interface SampleReplies {
  readonly prompt: string;
  /** What should have been said, where it is known. */
  readonly reference: string | null;
  readonly replies: readonly { readonly step: number; readonly text: string }[];
}

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
}

/** The page of a run: its curves, what it came to, replies over time, settings. It needs nothing beside it and no network. */
export function runReport({ title, language, metrics, settings, passport, samples }: RunReport): string {
  const text = words[language];
  const charts = chartsOf(metrics, text);
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
          <Figures metrics={metrics} text={text} />
        )}
        <Stall metrics={metrics} text={text} />
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
        {samples.length > 0 && <Samples samples={samples} text={text} />}
        <h2>{text.passport}</h2>
        <Facts values={passport} />
        <h2>{text.settings}</h2>
        <Facts values={settings} />
      </>
    ),
  });
}

const numberOf = (line: MetricsLine | undefined, key: string): number | null => {
  const value = line?.[key];
  return typeof value === "number" && Number.isFinite(value) ? value : null;
};

const known = (metrics: readonly MetricsLine[], key: string): number[] =>
  metrics.map((line) => numberOf(line, key)).filter((value) => value !== null);

const sumOf = (metrics: readonly MetricsLine[], key: string): number =>
  known(metrics, key).reduce((sum, value) => sum + value, 0);

function Figures({ metrics, text }: { readonly metrics: readonly MetricsLine[]; readonly text: Words }) {
  const losses = smoothed(
    metrics.map((line) => numberOf(line, "loss")),
    10,
  );
  const validation = known(metrics, "validationLoss");
  const best = validation.length > 0 ? Math.min(...validation) : null;
  const seconds = sumOf(metrics, "seconds");
  const tokens = sumOf(metrics, "tokens");
  const figures: [string, string | null][] = [
    [text.steps, String(numberOf(metrics.at(-1), "step") ?? metrics.length)],
    [text.lastLoss, losses.at(-1)?.toFixed(4) ?? null],
    [text.bestValidation, best === null ? null : best.toFixed(4)],
    [text.validationPerplexity, best === null ? null : Math.exp(best).toFixed(2)],
    [text.tokens, tokens > 0 ? tokens.toLocaleString("en-US") : null],
    [text.tokensPerSecond, seconds > 0 ? (tokens / seconds).toFixed(0) : null],
    [text.duration, seconds > 0 ? clock(seconds) : null],
    [text.spikes, countOf(metrics, "spike")],
    [text.badSteps, countOf(metrics, "bad")],
  ];
  return (
    <dl class="figures">
      {figures.map(
        ([name, value]) =>
          value !== null && (
            <div>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

/** That the loss did not fall, where that is what was found last. */
function Stall({ metrics, text }: { readonly metrics: readonly MetricsLine[]; readonly text: Words }) {
  const found = metrics.findLast((line) => line["stalled"] !== undefined)?.["stalled"];
  if (typeof found !== "object" || found === null) return null;
  const numbers = found as Readonly<Record<string, unknown>>;
  const short = (key: string, factor = 1): string => String(+(Number(numbers[key]) * factor).toPrecision(4));
  return (
    <p>
      {text.stalled(
        short("firstLoss"),
        short("lastLoss"),
        short("gradNorm"),
        short("clippedShare", 100),
        short("learningRate"),
      )}
    </p>
  );
}

/** How many steps have something to say under a key; null for none. */
function countOf(metrics: readonly MetricsLine[], key: string): string | null {
  const count = metrics.filter((line) => line[key] !== undefined).length;
  return count > 0 ? String(count) : null;
}

function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number): string => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

function Samples({ samples, text }: { readonly samples: readonly SampleReplies[]; readonly text: Words }) {
  return (
    <>
      <h2>{text.samples}</h2>
      <div class="samples">
        {samples.map(({ prompt, reference, replies }) => (
          <div class="sample">
            <p>{prompt}</p>
            <dl>
              {replies.map(({ step, text: reply }) => (
                <>
                  <dt>{text.atStep(step)}</dt>
                  <dd dir="auto">{reply}</dd>
                </>
              ))}
              {reference !== null && (
                <>
                  <dt>{text.reference}</dt>
                  <dd dir="auto">{reference}</dd>
                </>
              )}
            </dl>
          </div>
        ))}
      </div>
    </>
  );
}

/** A chart in words, for who does not see it. */
function courseOf({ series }: Chart, text: Words): string {
  const values = (series.find(({ style }) => style !== "faint") ?? series[0]).values.filter(
    (value) => value !== null,
  );
  const short = (value: number): string => String(+value.toPrecision(4));
  return text.courseOf(short(values[0]), short(values.at(-1)!), short(Math.min(...values)));
}

const MEBIBYTE = 2 ** 20;

/** The charts of a run: those of which there is something to draw. */
function chartsOf(metrics: readonly MetricsLine[], text: Words): Chart[] {
  const steps = metrics.map((line, index) => numberOf(line, "step") ?? index + 1);
  const course = (key: string, factor = 1): (number | null)[] =>
    metrics.map((line) => {
      const value = numberOf(line, key);
      return value === null ? null : value * factor;
    });
  const line = (label: string, values: readonly (number | null)[]): ChartSeries => ({
    label,
    values,
    style: "line",
  });
  const loss = course("loss");
  const all: [title: string, unit: string, series: ChartSeries[]][] = [
    [
      text.loss,
      "",
      [
        { label: text.perStep, values: loss, style: "faint" },
        line(text.smoothed, smoothed(loss, 10)),
        { label: text.validation, values: course("validationLoss"), style: "points" },
        {
          label: text.spikes,
          values: loss.map((value, index) => (metrics[index]["spike"] === undefined ? null : value)),
          style: "points",
        },
      ],
    ],
    [
      text.rewards,
      "",
      [
        line(text.chosen, course("chosenRewards")),
        line(text.rejected, course("rejectedRewards")),
        line(text.margin, course("margin")),
      ],
    ],
    [text.accuracy, "", [line(text.accuracy, smoothed(course("accuracy"), 10))]],
    [text.learningRate, "", [line(text.learningRate, course("learningRate"))]],
    [text.gradNorm, "", [line(text.gradNorm, course("gradNorm"))]],
    [text.tokensPerSecond, "", [line(text.tokensPerSecond, course("tokensPerSecond"))]],
    [
      text.memory,
      "MiB",
      [
        line(text.resident, course("residentBytes", 1 / MEBIBYTE)),
        line(text.tensors, course("tensorBytes", 1 / MEBIBYTE)),
      ],
    ],
    [text.lossScale, "", [line(text.lossScale, course("lossScale"))]],
  ];
  return all.flatMap(([title, unit, series]) => {
    const drawn = series.filter(({ values }) => values.some((value) => value !== null));
    return drawn.length === 0 ? [] : [{ title, unit, steps, series: drawn }];
  });
}
