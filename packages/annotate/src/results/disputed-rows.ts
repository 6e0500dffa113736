import { QUESTIONS } from "../questions.js";
import type { StudyData } from "../study/study-data.js";
import { countedAnswers, groupBy, preferencesOf, ratingsOf } from "./ratings.js";
import type { DisputedRow } from "./study-results.js";

/** Distance of two ratings of the same reply from which a row is disputed. */
const DISPUTED_SPREAD = 2;

/**
 * Rows to adjudicate: two annotators are two or more apart on a reply, prefer opposite ones, or someone has put a flag. Those
 * with the widest spread come first.
 */
export function disputedRows(data: StudyData): DisputedRow[] {
  const settled = new Set(data.answers.filter(({ kind }) => kind === "adjudication").map(({ row }) => row));
  const disputed = [...groupBy(countedAnswers(data), ({ row }) => row)].flatMap(([row, answers]) => {
    const spreads = QUESTIONS.flatMap((question) =>
      [...groupBy(ratingsOf(answers, question), ({ system }) => system).values()].map((ratings) => {
        const values = ratings.map(({ value }) => value);
        return Math.max(...values) - Math.min(...values);
      }),
    );
    const preferences = [...groupBy(preferencesOf(answers), ({ systems }) => systems.join()).values()];
    const opposed = preferences.some((pair) =>
      [-1, 1].every((side) => pair.some(({ value }) => value === side)),
    );
    const flags = [...new Set(answers.flatMap(({ content }) => content.flags))];
    const spread = Math.max(...spreads);
    if (spread < DISPUTED_SPREAD && !opposed && flags.length === 0) return [];
    return [{ row, id: data.rows[row].id, spread, opposed, flags, isSettled: settled.has(row) }];
  });
  return disputed.sort(
    (a, b) => b.spread - a.spread || Number(b.opposed) - Number(a.opposed) || a.row - b.row,
  );
}
