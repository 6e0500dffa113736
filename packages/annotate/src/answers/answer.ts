import type { Flag, Question } from "../questions.js";

/** What an annotator says of one reply: a whole number from 1 to 5 for each question. */
export type Judgement = Readonly<Record<Question, number>>;

/** Which of two replies is better: the first (-1), neither (0), the second (1). */
export type Preference = -1 | 0 | 1;

/** What an annotator says of a task, in the order in which its replies were shown. */
export interface AnswerContent {
  /** `[reply]` */
  readonly ratings: readonly Judgement[];
  /** `[pair]`, the pairs in the order of {@link pairsOf}. */
  readonly preferences: readonly Preference[];
  readonly comment: string;
  readonly flags: readonly Flag[];
}

/** An answer on its way to the disk. */
export interface Submission {
  /** Made by who sends it; the same id again is the same answer, however often it arrives. */
  readonly client: string;
  /** Place of the task among the annotator's. */
  readonly position: number;
  /** The revision of the task's answer that was seen when this one was given; 0 where there was none. */
  readonly revision: number;
  readonly content: AnswerContent;
  /** Seconds that the task was looked at. */
  readonly seconds: number;
}

/** What became of a {@link Submission}: the answer that now stands, on disk. */
export interface Receipt {
  /**
   * `stored`: this answer stands. `known`: it had come before. `conflict`: another answer to the task was given meanwhile
   * and stands; to replace it, send the answer again with its revision and another client id.
   */
  readonly outcome: "stored" | "known" | "conflict";
  readonly position: number;
  /** Revision of the answer that stands. */
  readonly revision: number;
}

/** The pairs of replies that are compared: every two of them, in order. */
export function pairsOf(replies: number): readonly (readonly [first: number, second: number])[] {
  return Array.from({ length: replies }, (_, first) =>
    Array.from({ length: replies - first - 1 }, (__, offset) => [first, first + 1 + offset] as const),
  ).flat();
}
