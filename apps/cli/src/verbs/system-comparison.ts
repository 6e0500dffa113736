import { formatTable } from "@lathe/command";
import { type Interval, metricTable, rowMetricTable, type ScoreName } from "@lathe/eval";
import type { JudgedComparison } from "@lathe/recipes";
import type { Messages } from "../messages/messages.js";

/** Systems and comparisons for scripts; of one system its scores by name first, and what they were made of. */
export function comparisonJson({
  systems,
  comparisons,
  segments,
  language,
  reasoning,
  judge,
}: JudgedComparison): Record<string, unknown> {
  const [{ scores, details, perSegment }] = systems;
  const alone = {
    ...Object.fromEntries(Object.entries(scores).map(([metric, { score }]) => [metric, score])),
    details,
    ...(perSegment ? { perSegment } : {}),
  };
  return {
    ...(systems.length === 1 ? alone : {}),
    segments,
    language,
    reasoning,
    systems,
    comparisons,
    ...(judge ? { judge } : {}),
  };
}

const ranges = { points: "0–100", fraction: "0–1", ratio: "", ten: "1–10" } as const;
const described = { ...metricTable, ...rowMetricTable };

/** A table of the scores with their intervals; of several systems with differences and p-values. */
export function comparisonText(comparison: JudgedComparison, messages: Messages): string {
  const { words } = messages;
  const { systems, comparisons, segments, language, judge } = comparison;
  const texts = [messages.textsIn(segments, language), ...(judge ? [messages.judgedBy(judge)] : [])].join(
    "\n",
  );
  const metrics = Object.keys(systems[0].scores) as ScoreName[];
  const scoreOf = (system: number, metric: ScoreName): string => {
    const { score, interval } = systems[system].scores[metric]!;
    return `${rounded(score)} ${spanOf(interval)}`;
  };
  if (systems.length === 1) {
    const rows = metrics.map((metric) => [metric, scoreOf(0, metric), ranges[described[metric].unit]]);
    return `${formatTable([words.metric, words.score, words.range], rows)}\n${texts}`;
  }
  const scores = formatTable(
    [words.metric, ...systems.map(({ name }) => name)],
    metrics.map((metric) => [metric, ...systems.map((_, system) => scoreOf(system, metric))]),
  );
  const differences = formatTable(
    [words.metric, words.compared, words.difference, words.pValue],
    comparisons.map(({ metric, systems: [first, second], difference, interval, pValue }) => [
      metric,
      `${second} − ${first}`,
      `${rounded(difference)} ${spanOf(interval)}`,
      pText(pValue),
    ]),
  );
  return `${scores}\n\n${differences}\n${texts}`;
}

/** A p-value as people read it. */
export const pText = (pValue: number): string => (pValue < 0.0005 ? "< 0.001" : pValue.toFixed(3));

/** A score with as many digits as say something. */
export const rounded = (score: number): string => String(Number(score.toPrecision(5)));

/** An interval. */
export const spanOf = ([least, greatest]: Interval): string =>
  `[${Number(least.toPrecision(4))}, ${Number(greatest.toPrecision(4))}]`;
