import { QUESTIONS, type Question } from "../questions.js";
import type { StudyAnswer, StudyData } from "../study/study-data.js";
import { median } from "./median.js";
import { countedAnswers, groupBy, meanOf, type PlacedRating, ratingsOf } from "./ratings.js";
import type { AnnotatorResult } from "./study-results.js";

/** How each annotator judges: against the others, against themselves, against what is known. */
export function annotatorResults(data: StudyData): AnnotatorResult[] {
  const counted = countedAnswers(data);
  const byReply = new Map(
    QUESTIONS.map((question) => [question, groupBy(ratingsOf(counted, question), replyOf)] as const),
  );
  return data.annotators.map((name) => {
    const answers = data.answers.filter(({ annotator }) => annotator === name);
    const bias = QUESTIONS.map((question) => [question, biasOf(name, byReply.get(question)!)]);
    return {
      name,
      answers: answers.length,
      bias: Object.fromEntries(bias) as Record<Question, number | null>,
      secondsPerAnswer: median(answers.map(({ seconds }) => seconds)),
      repeats: repeatsOf(answers),
      gold: goldOf(data, answers),
    };
  });
}

const replyOf = ({ row, system }: PlacedRating): string => `${row},${system}`;

const orNull = (numbers: readonly number[]): number | null => (numbers.length === 0 ? null : meanOf(numbers));

function biasOf(name: string, replies: ReadonlyMap<string, readonly PlacedRating[]>): number | null {
  const distances = [...replies.values()].flatMap((ratings) => {
    const own = ratings.find(({ annotator }) => annotator === name);
    const others = ratings.filter(({ annotator }) => annotator !== name).map(({ value }) => value);
    return own === undefined || others.length === 0 ? [] : [own.value - meanOf(others)];
  });
  return orNull(distances);
}

function repeatsOf(answers: readonly StudyAnswer[]): AnnotatorResult["repeats"] {
  const distances = QUESTIONS.flatMap((question) => {
    const of = (kind: StudyAnswer["kind"]): readonly PlacedRating[] =>
      ratingsOf(
        answers.filter((answer) => answer.kind === kind),
        question,
      );
    const first = new Map(of("row").map((rating) => [replyOf(rating), rating.value]));
    return of("repeat").flatMap((rating) => {
      const before = first.get(replyOf(rating));
      return before === undefined ? [] : [Math.abs(rating.value - before)];
    });
  });
  return {
    ratings: distances.length,
    same: orNull(distances.map((distance) => (distance === 0 ? 1 : 0))),
    meanDistance: orNull(distances),
  };
}

function goldOf({ rows }: StudyData, answers: readonly StudyAnswer[]): AnnotatorResult["gold"] {
  const within = QUESTIONS.flatMap((question) =>
    ratingsOf(answers, question).flatMap(({ row, system, value }) => {
      const range = rows[row].gold[system]?.[question];
      return range === undefined ? [] : [value >= range[0] && value <= range[1] ? 1 : 0];
    }),
  );
  return { ratings: within.length, within: orNull(within) };
}
