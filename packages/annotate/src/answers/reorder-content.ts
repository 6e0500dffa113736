import { type AnswerContent, pairsOf, type Preference } from "./answer.js";

/**
 * The same answer, its replies in another order.
 *
 * @param from `[place]`: index of the system, as the content is
 * @param to `[place]`: index of the system, as it is wanted
 */
export function reorderContent(
  content: AnswerContent,
  from: readonly number[],
  to: readonly number[],
): AnswerContent {
  const places = to.map((system) => from.indexOf(system));
  const pairs = pairsOf(to.length);
  return {
    ...content,
    ratings: places.map((place) => content.ratings[place]),
    preferences: pairs.map(([first, second]): Preference => {
      const [a, b] = [places[first], places[second]];
      const pair = pairs.findIndex(([low, high]) => low === Math.min(a, b) && high === Math.max(a, b));
      const value = content.preferences[pair];
      return a < b || value === 0 ? value : value === 1 ? -1 : 1;
    }),
  };
}
