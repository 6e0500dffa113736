import type { StudyData } from "../study/study-data.js";
import { pairsOf } from "../answers/answer.js";

/** What one answer says of one reply, as files hold it: a line each. */
export interface AnswerRecord {
  /** Of the row. */
  readonly id: string;
  readonly annotator: string;
  /** `row`, `repeat` for a row that came again, `adjudication`. */
  readonly kind: string;
  readonly system: string;
  readonly fluency: number;
  readonly relevance: number;
  /** Names of systems whose reply was worse. */
  readonly preferredTo: readonly string[];
  /** Names of systems whose reply was as good. */
  readonly tiedWith: readonly string[];
  readonly comment: string;
  readonly flags: readonly string[];
  readonly seconds: number;
  readonly at: string;
}

/** Columns of a file of answers, in order. */
export const ANSWER_COLUMNS = [
  ...["id", "annotator", "kind", "system", "fluency", "relevance", "preferredTo", "tiedWith"],
  ...["comment", "flags", "seconds", "at"],
] as readonly (keyof AnswerRecord)[];

/** All answers that stand, a record for each reply. */
export function answerRecords({ answers, rows, systems: names }: StudyData): AnswerRecord[] {
  return answers.flatMap(({ annotator, row, kind, systems, content, seconds, at }) => {
    const pairs = pairsOf(systems.length);
    return systems.map((system, place): AnswerRecord => {
      // Replies that the one at this place was better than (1) or as good as (0), in the order of the systems.
      const against = (outcome: number): string[] =>
        pairs
          .flatMap(([first, second], pair) => {
            if (first !== place && second !== place) return [];
            const [own, other] = first === place ? [-1, second] : [1, first];
            return own * content.preferences[pair] === outcome ? [systems[other]] : [];
          })
          .sort((a, b) => a - b)
          .map((system) => names[system]);
      return {
        id: rows[row].id,
        annotator,
        kind,
        system: names[system],
        ...content.ratings[place],
        preferredTo: against(1),
        tiedWith: against(0),
        comment: content.comment,
        flags: content.flags,
        seconds,
        at,
      };
    });
  });
}
