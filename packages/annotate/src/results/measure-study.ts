import { agreementOf, type Agreement, type Rating } from "@lathe/eval";
import { QUESTIONS, type Question } from "../questions.js";
import type { StudyAnswer, StudyData } from "../study/study-data.js";
import { annotatorResults } from "./annotator-results.js";
import { comparePairs } from "./compare-pairs.js";
import { disputedRows } from "./disputed-rows.js";
import { meanRating } from "./mean-rating.js";
import { metricCorrelations } from "./metric-correlations.js";
import { countedAnswers, groupBy, type PlacedPreference, preferencesOf, ratingsOf } from "./ratings.js";
import type { StudyResults, SystemResult } from "./study-results.js";

/**
 * What a study says so far: means with intervals, agreement, differences, annotators, disputes, correlations. Rows with a gold
 * rating and repeats count for the annotators' own measures alone.
 */
export function measureStudy(data: StudyData): StudyResults {
  const answers = countedAnswers(data);
  const means = meansOf(data, answers);
  const preferences = preferencesOf(answers);
  const systems = data.systems.map((name, system): [string, SystemResult] => [
    name,
    { ...means[name], preferences: countPreferences(preferences, system) },
  ]);
  const agreement = QUESTIONS.map((question): [Question, Agreement] => [
    question,
    agreementIn(
      data,
      ratingsOf(answers, question).map((of) => ({ ...of, unit: `${of.row},${of.system}` })),
      "ordinal",
    ),
  ]);
  return {
    systems: Object.fromEntries(systems),
    agreement: {
      ...(Object.fromEntries(agreement) as Record<Question, Agreement>),
      preference: agreementIn(
        data,
        preferences.map((of) => ({ ...of, unit: `${of.row},${of.systems.join()}` })),
        "nominal",
      ),
    },
    comparisons: comparePairs(data),
    annotators: annotatorResults(data),
    disputed: disputedRows(data),
    adjudicated: adjudicatedMeans(data, answers),
    correlations: metricCorrelations(data),
    answers: answers.length,
  };
}

function meansOf(
  { systems }: StudyData,
  answers: readonly StudyAnswer[],
): Record<string, Pick<SystemResult, Question>> {
  const entries = QUESTIONS.map((question) => {
    const ratings = groupBy(ratingsOf(answers, question), ({ system }) => system);
    return [question, systems.map((_, system) => meanRating(ratings.get(system) ?? []))] as const;
  });
  return Object.fromEntries(
    systems.map((name, system) => {
      const means = entries.map(([question, all]) => [question, all[system]]);
      return [name, Object.fromEntries(means) as Pick<SystemResult, Question>];
    }),
  );
}

function countPreferences(
  preferences: readonly PlacedPreference[],
  system: number,
): SystemResult["preferences"] {
  const own = preferences.flatMap(({ systems, value }) =>
    systems.includes(system) ? [systems[0] === system ? -value : value] : [],
  );
  const count = (outcome: number): number => own.filter((one) => one === outcome).length;
  return { wins: count(1), ties: own.filter((one) => one === 0).length, losses: count(-1) };
}

function agreementIn(
  { annotators }: StudyData,
  ratings: readonly { readonly unit: string; readonly annotator: string; readonly value: Rating }[],
  level: "ordinal" | "nominal",
): Agreement {
  const units = groupBy(ratings, ({ unit }) => unit);
  const columns = new Map(annotators.map((name, column) => [name, column]));
  const table = [...units.values()].map((of) => {
    const row = annotators.map((): Rating => null);
    for (const { annotator, value } of of) row[columns.get(annotator)!] = value;
    return row;
  });
  return agreementOf({ units: [...units.keys()], annotators, ratings: table }, level);
}

/** The adjudicator's answers stand for all others to their rows. */
function adjudicatedMeans(data: StudyData, answers: readonly StudyAnswer[]): StudyResults["adjudicated"] {
  const settled = data.answers.filter(({ kind }) => kind === "adjudication");
  if (settled.length === 0) return null;
  const rows = new Set(settled.map(({ row }) => row));
  return meansOf(data, [...answers.filter(({ row }) => !rows.has(row)), ...settled]);
}
