import type { Preference } from "../answers/answer.js";
import { pairsOf } from "../answers/answer.js";
import type { Question } from "../questions.js";
import type { StudyAnswer, StudyData } from "../study/study-data.js";

/** A rating with all that it is of. */
export interface PlacedRating {
  readonly annotator: string;
  readonly row: number;
  readonly system: number;
  readonly value: number;
}

/** A preference between two systems, the lower index first, whatever the order shown. */
export interface PlacedPreference {
  readonly annotator: string;
  readonly row: number;
  readonly systems: readonly [first: number, second: number];
  readonly value: Preference;
}

/** Whether something is known beforehand of the row's replies. */
export const isGold = ({ rows }: StudyData, row: number): boolean => rows[row].gold.some((of) => of !== null);

/** First answers to the rows that count for systems. */
export const countedAnswers = (data: StudyData): readonly StudyAnswer[] =>
  data.answers.filter(({ kind, row }) => kind === "row" && !isGold(data, row));

/** Ratings of answers by what they are of. */
export function ratingsOf(answers: readonly StudyAnswer[], question: Question): PlacedRating[] {
  return answers.flatMap(({ annotator, row, systems, content }) =>
    content.ratings.map((judgement, place) => ({
      annotator,
      row,
      system: systems[place],
      value: judgement[question],
    })),
  );
}

/** Preferences of answers by the systems that they are between. */
export function preferencesOf(answers: readonly StudyAnswer[]): PlacedPreference[] {
  return answers.flatMap(({ annotator, row, systems, content }) =>
    pairsOf(systems.length).map(([first, second], pair): PlacedPreference => {
      const [a, b] = [systems[first], systems[second]];
      const value = content.preferences[pair];
      return a < b
        ? { annotator, row, systems: [a, b], value }
        : { annotator, row, systems: [b, a], value: value === 0 ? 0 : value === 1 ? -1 : 1 };
    }),
  );
}

/** Items by a key, in the order in which the keys first come. */
export function groupBy<Item, Key>(
  items: readonly Item[],
  keyOf: (item: Item) => Key,
): ReadonlyMap<Key, readonly Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

/** The mean; NaN of nothing. */
export const meanOf = (numbers: readonly number[]): number =>
  numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
