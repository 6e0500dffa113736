import { bootstrapScores, meanStatistics, pairedPermutationTest, percentileInterval } from "@lathe/eval";
import { pairsOf } from "../answers/answer.js";
import { QUESTIONS, type Question } from "../questions.js";
import type { StudyData } from "../study/study-data.js";
import { countedAnswers, groupBy, meanOf, preferencesOf, ratingsOf } from "./ratings.js";
import { requiredRows } from "./required-rows.js";
import type { SystemDifference } from "./study-results.js";

/** What sets every two systems apart, question by question. Of no row that both were judged on nothing is said. */
export function comparePairs(data: StudyData): SystemDifference[] {
  const answers = countedAnswers(data);
  const pairs = pairsOf(data.systems.length);
  const nameOf = ([first, second]: readonly [number, number]): readonly [string, string] => [
    data.systems[first],
    data.systems[second],
  ];
  const ofQuestions = QUESTIONS.flatMap((question) => {
    const means = rowMeans(ratingsOf(answers, question));
    return pairs.flatMap((pair) => {
      const rows = [...means.values()].flatMap((row) => {
        const values = pair.map((system) => row.get(system));
        return values.every((value) => value !== undefined) ? [values] : [];
      });
      return differenceOf(
        nameOf(pair),
        question,
        rows.map(([first]) => first),
        rows.map(([, second]) => second),
      );
    });
  });
  const preferences = groupBy(preferencesOf(answers), ({ systems }) => systems.join());
  const ofPreferences = pairs.flatMap((pair) => {
    const rows = groupBy(preferences.get(pair.join()) ?? [], ({ row }) => row);
    // Preferring the first is -1: its balance is the other way round. Each side gets one half of it.
    const balance = [...rows.values()].map((row) => -meanOf(row.map(({ value }) => value)));
    return differenceOf(
      nameOf(pair),
      "preference",
      balance.map((of) => of / 2),
      balance.map((of) => -of / 2),
    );
  });
  return [...ofQuestions, ...ofPreferences];
}

/** `[row][system]`: mean over annotators. */
function rowMeans(
  ratings: readonly { readonly row: number; readonly system: number; readonly value: number }[],
): ReadonlyMap<number, ReadonlyMap<number, number>> {
  const rows = groupBy(ratings, ({ row }) => row);
  return new Map(
    [...rows].map(([row, ofRow]) => {
      const systems = groupBy(ofRow, ({ system }) => system);
      return [
        row,
        new Map([...systems].map(([system, of]) => [system, meanOf(of.map(({ value }) => value))])),
      ];
    }),
  );
}

function differenceOf(
  systems: readonly [string, string],
  question: Question | "preference",
  first: readonly number[],
  second: readonly number[],
): SystemDifference[] {
  if (first.length === 0) return [];
  const differences = first.map((value, row) => value - second[row]);
  const [resampled] = bootstrapScores([meanStatistics(differences)]);
  const { difference, pValue } = pairedPermutationTest(meanStatistics(first), meanStatistics(second));
  return [
    {
      systems,
      question,
      difference,
      pValue,
      rows: first.length,
      interval: percentileInterval(resampled),
      requiredRows: requiredRows(differences),
    },
  ];
}
