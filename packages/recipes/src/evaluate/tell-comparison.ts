import { type Interval, type JudgeReport, metricTable, rowMetricTable, type ScoreName } from "@lathe/eval";
import { joinPhrases, type Phrase, phrase, type Told } from "@lathe/files";
import type { JudgedComparison } from "../evaluate-files.js";

const ranges = { points: "0–100", fraction: "0–1", ratio: "", ten: "1–10" } as const;
const described = { ...metricTable, ...rowMetricTable };

/** A p-value as people read it. */
export const pText = (pValue: number): string => (pValue < 0.0005 ? "< 0.001" : pValue.toFixed(3));

/** A score with as many digits as say something. */
export const rounded = (score: number): string => String(Number(score.toPrecision(5)));

/** An interval. */
export const spanOf = ([least, greatest]: Interval): string =>
  `[${Number(least.toPrecision(4))}, ${Number(greatest.toPrecision(4))}]`;

/** Head of a table of differences between systems. */
export const differenceHead = [phrase`metric`, phrase`compared`, phrase`difference`, phrase`p`];

const languageName = (language: string): string | Phrase =>
  language === "en" ? phrase`en` : language === "zh" ? phrase`zh` : language;

/** Who judged, what went wrong, and what it cost. */
function judgeSentence(judge: JudgeReport): Phrase {
  const { model, address, answers, asked, failures, pairs, disagreements } = judge;
  return joinPhrases([
    phrase`judged by ${model} at ${address}: ${answers} answers, ${asked} of them asked for now, ${failures} without a verdict`,
    ...(pairs === 0
      ? []
      : [phrase`${disagreements} of ${pairs} pairs were judged otherwise in the other order: ties`]),
    phrase`${judge.promptTokens} tokens read, ${judge.completionTokens} written`,
  ]);
}

/** Scores as people read them: a table with intervals; of several systems also differences and p-values. */
export function tellComparison({ systems, comparisons, segments, language, judge }: JudgedComparison): Told {
  const texts = segments === 1 ? phrase`${1} text` : phrase`${segments} texts`;
  const lines = [phrase`${texts}, ${languageName(language)}`, ...(judge ? [judgeSentence(judge)] : [])];
  const metrics = Object.keys(systems[0].scores) as ScoreName[];
  const scoreOf = (system: number, metric: ScoreName): string => {
    const { score, interval } = systems[system].scores[metric]!;
    return `${rounded(score)} ${spanOf(interval)}`;
  };
  if (systems.length === 1) {
    const head = [phrase`metric`, phrase`score`, phrase`range`];
    const rows = metrics.map((metric) => [metric, scoreOf(0, metric), ranges[described[metric].unit]]);
    return [{ head, rows, below: lines }];
  }
  return [
    {
      head: [phrase`metric`, ...systems.map(({ name }) => name)],
      rows: metrics.map((metric) => [metric, ...systems.map((_, system) => scoreOf(system, metric))]),
    },
    {
      head: differenceHead,
      rows: comparisons.map(({ metric, systems: [first, second], difference, interval, pValue }) => [
        metric,
        `${second} − ${first}`,
        `${rounded(difference)} ${spanOf(interval)}`,
        pText(pValue),
      ]),
      below: lines,
    },
  ];
}
