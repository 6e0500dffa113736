import { formatTable } from "@lathe/command";
import { type MeanRating, QUESTIONS, type StudyResults } from "@lathe/annotate";
import type { Messages } from "../messages/messages.js";

/** The results as scripts read them: `annotators` is how many have answered, `byAnnotator` what each of them is like. */
export function annotationJson({ annotators, ...results }: StudyResults): Record<string, unknown> {
  return {
    ...results,
    annotators: annotators.filter(({ answers }) => answers > 0).length,
    byAnnotator: annotators,
  };
}

const shown = (value: number | null, digits: number): string =>
  value === null ? "–" : value.toFixed(digits);
const percent = (share: number | null): string => (share === null ? "–" : `${(100 * share).toFixed(0)} %`);
const meanText = ({ mean, interval }: MeanRating): string =>
  interval === null ? "–" : `${shown(mean, 2)} [${interval.map((end) => shown(end, 2)).join(", ")}]`;

/** The results as people read them. */
export function annotationText(results: StudyResults, { words, answersOf, disputedRows }: Messages): string {
  const questionWords = QUESTIONS.map((question) => words[question]);
  const systems = formatTable(
    [words.system, ...questionWords, words.preferred],
    Object.entries(results.systems).map(([name, { preferences, ...means }]) => [
      name,
      ...QUESTIONS.map((question) => meanText(means[question])),
      `${preferences.wins} / ${preferences.ties} / ${preferences.losses}`,
    ]),
  );
  const agreement = formatTable(
    [words.agreement, "Krippendorff α", "Fleiss κ", "Cohen κ"],
    ([...QUESTIONS, "preference"] as const).map((question) => {
      const { alpha, fleissKappa, cohenKappa } = results.agreement[question];
      return [words[question], ...[alpha, fleissKappa, cohenKappa].map((value) => shown(value, 3))];
    }),
  );
  const comparisons = formatTable(
    [words.compared, words.difference, words.pValue, words.rows, words.rowsNeeded],
    results.comparisons.map(
      ({ systems: pair, question, difference, interval, pValue, rows, requiredRows }) => [
        `${pair.join(" – ")}, ${words[question]}`,
        `${shown(difference, 2)} [${interval.map((end) => shown(end, 2)).join(", ")}]`,
        shown(pValue, 4),
        String(rows),
        requiredRows === null ? "–" : String(requiredRows),
      ],
    ),
  );
  const annotators = formatTable(
    [
      words.annotator,
      words.answers,
      words.seconds,
      ...questionWords.map((word) => `${words.bias}, ${word}`),
      words.sameAgain,
      words.goldMet,
    ],
    results.annotators.map(({ name, answers, secondsPerAnswer, bias, repeats, gold }) => [
      name,
      String(answers),
      shown(secondsPerAnswer, 0),
      ...QUESTIONS.map((question) => shown(bias[question], 2)),
      percent(repeats.same),
      percent(gold.within),
    ]),
  );
  const correlations = formatTable(
    [words.metric, "", "Spearman ρ", "Kendall τ"],
    results.correlations.map(({ metric, question, spearman, kendall }) => [
      metric,
      words[question],
      shown(spearman?.coefficient ?? null, 3),
      shown(kendall?.coefficient ?? null, 3),
    ]),
  );
  const open = results.disputed.filter(({ isSettled }) => !isSettled).length;
  return [
    systems,
    agreement,
    ...(results.comparisons.length === 0 ? [] : [comparisons]),
    annotators,
    ...(results.correlations.length === 0 ? [] : [correlations]),
    [answersOf(results.answers), disputedRows(open, results.disputed.length)].join("\n"),
  ].join("\n\n");
}
