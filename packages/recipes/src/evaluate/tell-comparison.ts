import {
  type Interval,
  type JudgeReport,
  metricTable,
  rowMetricTable,
  type ScoreName,
  type SystemScores,
} from "@lathe/eval";
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

/** What the scores are under the rule for `<think>` blocks that was not chosen. */
function otherRuleSentence({ name, reasoning }: SystemScores): Phrase | null {
  if (reasoning === undefined) return null;
  const { texts, otherRule } = reasoning;
  const scores = Object.entries(reasoning.scores)
    .map(([metric, score]) => `${metric} ${rounded(score)}`)
    .join(", ");
  return otherRule === "keep"
    ? phrase`${name}: <think> blocks in ${texts} of the rows; with them the scores are ${scores}`
    : phrase`${name}: <think> blocks in ${texts} of the rows; without them the scores are ${scores}`;
}

/** How well each label was told, a table a system that has labels. */
const labelTables = (systems: readonly SystemScores[]): Told =>
  systems.flatMap(({ name, classification }) =>
    classification === undefined
      ? []
      : [
          {
            head: [
              ...(systems.length > 1 ? [phrase`label, told by ${name}`] : [phrase`label`]),
              ...[phrase`rows`, phrase`precision, %`, phrase`recall, %`, phrase`F1, %`],
            ],
            rows: classification.labels.map(({ label, support, precision, recall, f1 }) => [
              label,
              support,
              ...[precision, recall, f1].map((share) => rounded(100 * share)),
            ]),
          },
        ],
  );

/** Scores as people read them: a table with intervals; of several systems also differences and p-values. */
export function tellComparison({ systems, comparisons, segments, language, judge }: JudgedComparison): Told {
  const texts = segments === 1 ? phrase`${1} text` : phrase`${segments} texts`;
  const lines = [
    phrase`${texts}, ${languageName(language)}`,
    ...systems.map(otherRuleSentence).filter((sentence) => sentence !== null),
    ...(judge ? [judgeSentence(judge)] : []),
  ];
  const metrics = Object.keys(systems[0].scores) as ScoreName[];
  const scoreOf = (system: number, metric: ScoreName): string => {
    const { score, interval } = systems[system].scores[metric]!;
    return `${rounded(score)} ${spanOf(interval)}`;
  };
  if (systems.length === 1) {
    const head = [phrase`metric`, phrase`score`, phrase`range`];
    const rows = metrics.map((metric) => [metric, scoreOf(0, metric), ranges[described[metric].unit]]);
    return [{ head, rows, below: lines }, ...labelTables(systems)];
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
    ...labelTables(systems),
  ];
}
