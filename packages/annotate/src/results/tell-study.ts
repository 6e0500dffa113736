import { type Phrase, phrase, type Told } from "@lathe/files";
import { type Question, QUESTIONS } from "../questions.js";
import type { MeanRating, StudyResults } from "./study-results.js";

const questionNames: Readonly<Record<Question | "preference", Phrase>> = {
  fluency: phrase`fluency`,
  relevance: phrase`relevance`,
  preference: phrase`preference`,
};

const shown = (value: number | null, digits: number): string =>
  value === null ? "–" : value.toFixed(digits);
const percent = (share: number | null): string => (share === null ? "–" : `${(100 * share).toFixed(0)} %`);
const spanOf = (interval: readonly number[]): string =>
  `[${interval.map((end) => shown(end, 2)).join(", ")}]`;
const meanText = ({ mean, interval }: MeanRating): string =>
  interval === null ? "–" : `${shown(mean, 2)} ${spanOf(interval)}`;

/** The results of a study as people read them: tables of systems, agreement, comparisons, annotators and correlations. */
export function tellStudy(results: StudyResults): Told {
  const heads = QUESTIONS.map((question) => questionNames[question]);
  const systems = {
    head: [phrase`system`, ...heads, phrase`better / equal / worse`],
    rows: Object.entries(results.systems).map(([name, { preferences, ...means }]) => [
      name,
      ...QUESTIONS.map((question) => meanText(means[question])),
      `${preferences.wins} / ${preferences.ties} / ${preferences.losses}`,
    ]),
  };
  const agreement = {
    head: [phrase`agreement`, phrase`Krippendorff α`, phrase`Fleiss κ`, phrase`Cohen κ`],
    rows: ([...QUESTIONS, "preference"] as const).map((question) => {
      const { alpha, fleissKappa, cohenKappa } = results.agreement[question];
      return [questionNames[question], ...[alpha, fleissKappa, cohenKappa].map((value) => shown(value, 3))];
    }),
  };
  const comparisons = {
    head: [phrase`compared`, phrase`difference`, phrase`p`, phrase`rows`, phrase`rows needed`],
    rows: results.comparisons.map(
      ({ systems: pair, question, difference, interval, pValue, rows, requiredRows }) => [
        phrase`${pair.join(" – ")}, ${questionNames[question]}`,
        `${shown(difference, 2)} ${spanOf(interval)}`,
        shown(pValue, 4),
        String(rows),
        requiredRows === null ? "–" : String(requiredRows),
      ],
    ),
  };
  const annotators = {
    head: [
      phrase`annotator`,
      phrase`answers`,
      phrase`seconds`,
      ...heads.map((name) => phrase`${phrase`bias`}, ${name}`),
      phrase`same again`,
      phrase`gold met`,
    ],
    rows: results.annotators.map(({ name, answers, secondsPerAnswer, bias, repeats, gold }) => [
      name,
      String(answers),
      shown(secondsPerAnswer, 0),
      ...QUESTIONS.map((question) => shown(bias[question], 2)),
      percent(repeats.same),
      percent(gold.within),
    ]),
  };
  const correlations = {
    head: [phrase`metric`, "", phrase`Spearman ρ`, phrase`Kendall τ`],
    rows: results.correlations.map(({ metric, question, spearman, kendall }) => [
      metric,
      questionNames[question],
      shown(spearman?.coefficient ?? null, 3),
      shown(kendall?.coefficient ?? null, 3),
    ]),
  };
  const open = results.disputed.filter(({ isSettled }) => !isSettled).length;
  return [
    systems,
    agreement,
    ...(results.comparisons.length === 0 ? [] : [comparisons]),
    annotators,
    ...(results.correlations.length === 0 ? [] : [correlations]),
    {
      lines: [
        results.answers === 1 ? phrase`${1} answer` : phrase`${results.answers} answers`,
        phrase`${open} of ${results.disputed.length} disputed rows to settle`,
      ],
    },
  ];
}
