import { type Chart, type ChartSeries, smoothed } from "./chart.js";
import { type MetricsLine, numberOf } from "./metrics-line.js";
import type { Words } from "./words.js";

/** A chart in words, for who does not see it. */
export function courseOf({ series }: Chart, text: Words): string {
  const values = (series.find(({ style }) => style !== "faint") ?? series[0]).values.filter(
    (value) => value !== null,
  );
  const short = (value: number): string => String(+value.toPrecision(4));
  const lowest = values.reduce((low, value) => Math.min(low, value), Number.POSITIVE_INFINITY);
  return text.courseOf(short(values[0]), short(values.at(-1)!), short(lowest));
}

const MEBIBYTE = 2 ** 20;

/** The charts of a run: those of which there is something to draw. */
export function runCharts(metrics: readonly MetricsLine[], text: Words): Chart[] {
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
